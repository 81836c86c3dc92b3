"""A wrong or missing key refuses to start; keys that may rotate do, keys that never may do not."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable

import pytest
import yaml

from tests import small_release as small
from transforms import key_marks, keys, publish
from transforms.errors import ConfigError
from transforms.run import Settings


def published(settings: Settings) -> Settings:
    """A home that has published with its keys."""
    keys.create(settings.home / "keys.yml")
    publish.run(small.close(settings, small.NIGHTS[0], {}, small.first_city(), 0).run)
    return settings


@pytest.fixture
def marked(home: Callable[..., Settings]) -> Settings:
    return published(home())


def rewrite(settings: Settings, purpose: str, key_id: str) -> None:
    """Another secret under this id."""
    path = settings.home / "keys.yml"
    told = yaml.safe_load(path.read_text("utf-8"))
    told[purpose][key_id] = base64.b64encode(b"another secret of thirty-two byte").decode()
    path.write_text(yaml.safe_dump(told), "utf-8")
    keys.load.cache_clear()


def second_night(settings: Settings) -> None:
    keys.load.cache_clear()
    publish.run(small.close(settings, small.NIGHTS[1], small.first_city(), small.second_city(), 1).run)


@pytest.mark.parametrize("purpose", keys.PURPOSES)
def test_another_secret_under_a_known_id_refuses_to_start(marked: Settings, purpose: str) -> None:
    rewrite(marked, purpose, f"{purpose}-1")
    with pytest.raises(ConfigError, match=f"purpose '{purpose}' is not the key this deployment was made with"):
        second_night(marked)


@pytest.mark.postgres
def test_a_server_refuses_the_wrong_key_and_no_key_as_well(home: Callable[..., Settings], migrated_url: str) -> None:
    settings = published(home(migrated_url))
    rewrite(settings, "record", "record-1")
    with pytest.raises(ConfigError, match="is not the key this deployment was made with"):
        second_night(settings)
    (settings.home / "keys.yml").unlink()
    with pytest.raises(ConfigError, match="no key file"):
        second_night(settings)


def test_a_missing_key_file_refuses_to_start(marked: Settings) -> None:
    (marked.home / "keys.yml").unlink()
    with pytest.raises(ConfigError, match="no key file"):
        second_night(marked)


def in_the_environment(settings: Settings) -> Settings:
    """The same deployment, whose keys stand in a variable instead of the home's file, which is gone."""
    path = settings.home / "keys.yml"
    text = path.read_text("utf-8")
    path.unlink()
    return dataclasses.replace(settings, keys_yaml=text)


def test_keys_that_move_into_the_environment_go_on_and_others_there_refuse_to_start(marked: Settings) -> None:
    moved = in_the_environment(marked)
    second_night(moved)
    told = yaml.safe_load(moved.keys_yaml or "")
    told["record"]["record-1"] = base64.b64encode(b"another secret of thirty-two byte").decode()
    with pytest.raises(ConfigError, match="purpose 'record' is not the key this deployment was made with"):
        key_marks.require(dataclasses.replace(moved, keys_yaml=yaml.safe_dump(told)))
    with pytest.raises(ConfigError, match="GRIDFACTS_KEYS_YAML: no key for purpose 'record'"):
        key_marks.require(dataclasses.replace(moved, keys_yaml=""))


def test_keys_of_the_environment_are_marked_the_first_time(home: Callable[..., Settings]) -> None:
    settings = home()
    keys.create(settings.home / "keys.yml")
    key_marks.require(in_the_environment(settings))
    assert (settings.home / "head" / "KEYS.json").is_file()


def test_a_vault_key_may_rotate_and_a_record_key_may_not(marked: Settings) -> None:
    rewrite(marked, "vault", "vault-2")
    second_night(marked)
    rewrite(marked, "record", "record-2")
    with pytest.raises(ConfigError, match="record keys never rotate"):
        key_marks.require(marked)


def test_another_secret_under_an_older_id_refuses_to_start_too(marked: Settings) -> None:
    rewrite(marked, "vault", "vault-2")
    key_marks.require(marked)
    rewrite(marked, "vault", "vault-1")
    with pytest.raises(ConfigError, match="key 'vault-1' of purpose 'vault' is not the key this deployment was made"):
        key_marks.require(marked)


def test_marks_that_cannot_be_read_refuse_to_start(marked: Settings) -> None:
    (marked.home / "head" / "KEYS.json").write_text("[]", "utf-8")
    with pytest.raises(ConfigError, match=r"KEYS\.json cannot be read"):
        second_night(marked)


def test_marks_give_no_key_away(marked: Settings) -> None:
    told = (marked.home / "head" / "KEYS.json").read_text("utf-8")
    for held in yaml.safe_load((marked.home / "keys.yml").read_text("utf-8")).values():
        for secret in held.values():
            assert secret not in told
            assert base64.b64decode(secret).hex()[:16] not in told
