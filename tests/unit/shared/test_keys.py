"""Keys: a wrong or missing one refuses to start; ids and tokens depend on the key and on every part."""

from __future__ import annotations

import base64
import traceback
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from transforms import keys
from transforms.errors import ConfigError
from transforms.run import Run, Settings


def settings(home: Path) -> Settings:
    return Settings.from_environment({"GRIDFACTS_HOME": str(home)})


def test_created_keys_load_and_are_private(tmp_path: Path) -> None:
    keys.create(tmp_path / "keys.yml")
    assert (tmp_path / "keys.yml").stat().st_mode & 0o077 == 0
    loaded = keys.load(settings(tmp_path))
    assert loaded.unseal(loaded.seal("synthetic value")) == "synthetic value"
    assert loaded.record_id("a", "person", ["1", "23"]) != loaded.record_id("a", "person", ["12", "3"])
    assert loaded.link_token("document", "x") != loaded.link_token("phone", "x")


def told(text: str) -> Settings:
    """Of a deployment whose keys are in the environment itself; no file is anywhere."""
    return Settings.from_environment({"GRIDFACTS_HOME": "/nowhere", "GRIDFACTS_KEYS_YAML": text})


def test_keys_in_the_environment_are_those_of_a_file_and_go_before_the_homes_own(tmp_path: Path) -> None:
    keys.create(tmp_path / "one.yml")
    keys.create(tmp_path / "keys.yml")
    text = (tmp_path / "one.yml").read_text("utf-8")
    file = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path), "GRIDFACTS_KEYS": str(tmp_path / "one.yml")})
    both = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path), "GRIDFACTS_KEYS_YAML": text})
    assert keys.load(both) == keys.load(told(text)) == keys.load(file) != keys.load(settings(tmp_path))
    assert keys.of(both, "receipt", "receipt-1") == keys.of(file, "receipt", "receipt-1")
    with pytest.raises(ConfigError, match="GRIDFACTS_KEYS_YAML: no key 'receipt-0' of purpose 'receipt'"):
        keys.of(both, "receipt", "receipt-0")


def test_keys_told_twice_refuse_to_start(tmp_path: Path) -> None:
    keys.create(tmp_path / "keys.yml")
    text = (tmp_path / "keys.yml").read_text("utf-8")
    twice = {"GRIDFACTS_KEYS": str(tmp_path / "keys.yml"), "GRIDFACTS_KEYS_YAML": text}
    for one in (text, ""):
        with pytest.raises(ConfigError, match=r"GRIDFACTS_KEYS .* and GRIDFACTS_KEYS_YAML .* both set: unset one"):
            Settings.from_environment(twice | {"GRIDFACTS_KEYS_YAML": one})
    assert Settings.from_environment(twice | {"GRIDFACTS_KEYS": ""}).keys is None


def test_what_is_wrong_in_the_environment_is_named_and_no_key_is_told(tmp_path: Path) -> None:
    """A secret that stands in the wrong place, or where the text breaks, is in no message and no cause of one."""
    keys.create(tmp_path / "keys.yml")
    good: dict[str, dict[str, str]] = yaml.safe_load((tmp_path / "keys.yml").read_text("utf-8"))
    secret = good["mint"]["mint-1"]

    def changed(**purposes: object) -> str:
        return yaml.safe_dump(good | purposes)

    wrong = {
        "": "no key for purpose 'record'",
        secret: "no key for purpose 'record'",
        f"record: {{record-1: {secret}": "not YAML",
        f"record: record-1: {secret}": "not YAML",
        changed(mint={}): "no key for purpose 'mint'",
        changed(mint=secret): "no key for purpose 'mint'",
        changed(mint={secret: "mint-1"}): "an id of a key of purpose 'mint' is no text of at most 40 letters",
        changed(mint={1: secret}): "an id of a key of purpose 'mint' is no text",
        changed(mint={"mint-1": f"*{secret}"}): "key 'mint-1' of purpose 'mint' is not base64",
        changed(mint={"mint-1": secret[:40]}): "key 'mint-1' of purpose 'mint' is shorter than 32 bytes",
    }
    for text, says in wrong.items():
        with pytest.raises(ConfigError) as refused:
            keys.load(told(text))
        assert str(refused.value).startswith(f"CONFIG: GRIDFACTS_KEYS_YAML: {says}")
        assert secret[:20] not in "".join(traceback.format_exception(refused.value))


def test_no_key_is_in_what_is_shown_of_settings_and_keys(tmp_path: Path) -> None:
    keys.create(tmp_path / "keys.yml")
    text = (tmp_path / "keys.yml").read_text("utf-8")
    shown = repr((told(text), Run.of("2026-10-01", settings=told(text)), keys.load(told(text))))
    assert "mint-1" in shown
    for purpose in yaml.safe_load(text).values():
        for secret in purpose.values():
            assert secret not in shown
            assert repr(base64.b64decode(secret))[1:-1] not in shown


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
