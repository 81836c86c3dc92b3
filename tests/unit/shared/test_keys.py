"""Keys: a wrong or missing one refuses to start; ids and tokens depend on the key and on every part."""

from __future__ import annotations

import base64
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from transforms import keys
from transforms.errors import ConfigError
from transforms.run import Settings


def settings(home: Path) -> Settings:
    return Settings.from_environment({"GRIDFACTS_HOME": str(home)})


def test_created_keys_load_and_are_private(tmp_path: Path) -> None:
    keys.create(tmp_path / "keys.yml")
    assert (tmp_path / "keys.yml").stat().st_mode & 0o077 == 0
    loaded = keys.load(settings(tmp_path))
    assert loaded.unseal(loaded.seal("synthetic value")) == "synthetic value"
    assert loaded.record_id("a", "person", ["1", "23"]) != loaded.record_id("a", "person", ["12", "3"])
    assert loaded.link_token("document", "x") != loaded.link_token("phone", "x")


@pytest.mark.parametrize("spoil", ["missing file", "missing purpose", "short", "no base64"])
def test_bad_keys_refuse_to_start(tmp_path: Path, spoil: str) -> None:
    path = tmp_path / "keys.yml"
    keys.create(path)
    document = yaml.safe_load(path.read_text())
    if spoil == "missing file":
        path.unlink()
    elif spoil == "missing purpose":
        del document["mint"]
    else:
        document["mint"] = {"mint-1": base64.b64encode(b"short").decode() if spoil == "short" else "***"}
    if path.exists():
        path.write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigError):
        keys.load(settings(tmp_path))


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        keys.create(tmp_path / name / "keys.yml")
    one, two = (keys.load(settings(tmp_path / name)) for name in ("one", "two"))
    assert one.link_token("document", "x") != two.link_token("document", "x")
    with pytest.raises(InvalidTag):
        two.unseal(one.seal("synthetic value"))


@given(
    secret=st.binary(min_size=32, max_size=100),
    found=st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3), max_size=8),
)
def test_many_identifiers_at_once_are_those_told_one_by_one(secret: bytes, found: list[list[str]]) -> None:
    key = keys.Key("one", secret)
    joined = pa.array(["\x1f".join(parts) for parts in found], pa.string())
    told = key.identifiers(("record", "source", "kind"), joined).to_pylist()
    assert told == [key.identifier("record", "source", "kind", *parts) for parts in found]


@given(values=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8))
def test_sealed_values_open_again_and_their_nonces_come_from_them(values: list[str]) -> None:
    vault = keys.Key("one", b"v" * 32)
    own = keys.Keys(**dict.fromkeys(keys.PURPOSES, vault))
    sealed = own.seal_all(values)
    assert [own.unseal(one) for one in sealed] == values
    assert [one[:12] for one in sealed] == [vault.digest("nonce", value)[:12] for value in values]
    assert sealed == [own.seal(value) for value in values]
