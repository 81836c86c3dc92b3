"""A vault key is rotated: what the older key sealed still opens, then all of it is under the current one."""

from __future__ import annotations

import base64

import pytest
import yaml

from tests import small_release as small
from transforms import checksum, database, keys, publish
from transforms.cipher import NONCE, Cipher
from transforms.errors import GridfactsError
from transforms.publish import reseal
from transforms.run import Run, Settings

NUMBERS = ("SYNTHETIC-NUMBER-1", "SYNTHETIC-NUMBER-2")


def rotate(settings: Settings, key_id: str, *, without: str | None = None) -> None:
    """Another current vault key; ``without`` takes an older one out of the file."""
    path = settings.home / "keys.yml"
    told = yaml.safe_load(path.read_text("utf-8"))
    told["vault"][key_id] = base64.b64encode(key_id.encode().ljust(32, b".")).decode()
    told["vault"].pop(without, None)
    path.write_text(yaml.safe_dump(told), "utf-8")
    keys.load.cache_clear()


def sealed(settings: Settings, city: small.City) -> small.City:
    """The city with two numbers in its vault, sealed and found by token as the deployment's keys say."""
    known, [row] = keys.load(settings), city["vault_identifier"]
    city["vault_identifier"] = [
        row | {"token": known.link_token("document", n), "ciphertext": known.seal(n), "key_id": known.vault.key_id}
        for n in NUMBERS
    ]
    return city


@pytest.fixture
def filled(settings: Settings) -> Settings:
    """Two numbers published under the first key; the second night ends one of them."""
    keys.create(settings.home / "keys.yml")
    first = sealed(settings, small.first_city())
    publish.run(small.close(settings, small.NIGHTS[0], {}, first, 0).run)
    second = small.second_city() | {"vault_identifier": first["vault_identifier"][:1]}
    publish.run(small.close(settings, small.NIGHTS[1], first, second, 1).run)
    return settings


def found(settings: Settings, number: str) -> list[str]:
    """The clear values of the rows that a number's token finds, history included."""
    known = keys.load(settings)
    release = database.open_databases(settings).release
    rows = database.read(release, "vault_identifier", where={"token": known.link_token("document", number)})
    return [known.unseal(value) for value in rows["ciphertext"].to_pylist()]


def state_of(settings: Settings) -> tuple[dict[str, int], str]:
    with database.reading(database.open_databases(settings).release) as connection:
        return reseal.by_key(connection), checksum.release_checksum(connection)


def test_a_rotated_key_leaves_every_number_findable_and_readable(filled: Settings) -> None:
    rows, before = state_of(filled)
    assert rows == {"vault-1": 2}
    rotate(filled, "vault-2")
    assert [found(filled, number) for number in NUMBERS] == [[number] for number in NUMBERS]
    run = Run.of("2026-10-03", settings=filled)
    assert publish.reencrypt(run)[0].counts == {"release": 2, "rows": 2}
    assert state_of(filled) == ({"vault-2": 2}, before), "the ended row too, and the release is the same"
    assert publish.reencrypt(run)[0].counts["rows"] == 0
    rotate(filled, "vault-2", without="vault-1")
    assert [found(filled, number) for number in NUMBERS] == [[number] for number in NUMBERS]
    assert publish.rollback(run)[0].counts["release"] == 3
    assert publish.reconcile(run) == 3


def test_a_key_removed_too_early_changes_nothing(filled: Settings) -> None:
    before = database.read(database.open_databases(filled).release, "vault_identifier").to_pylist()
    rotate(filled, "vault-2", without="vault-1")
    with pytest.raises(GridfactsError, match="VAULT: rows of key 'vault-1' open under no key"):
        publish.reencrypt(Run.of("2026-10-03", settings=filled))
    assert database.read(database.open_databases(filled).release, "vault_identifier").to_pylist() == before


def test_a_cipher_opens_its_own_and_nothing_else() -> None:
    one, other = Cipher(b"1" * 32), Cipher(b"2" * 32)
    sealed = one.seal(b"n" * NONCE, "合成")
    assert one.open(sealed) == "合成"
    assert other.open(sealed) is None
    assert [one.open(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]) for at in range(len(sealed))] == [
        None
    ] * len(sealed)
