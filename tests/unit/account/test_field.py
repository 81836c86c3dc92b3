"""Figures of the field of a small closed night: governed, on the map, in a grid, and how addresses are written."""

import pytest

from tests.unit.account.deployment import World
from transforms import account, store
from transforms.account.field import Field, Texts, figures, texts
from transforms.account.night import Night


def test_every_kind_is_counted_once_and_no_rate_exceeds_one(city: World) -> None:
    account.close(city.run, city.reread)
    found = figures(Night(city.run), store.night_dir(city.run, "account", "release"))
    kinds = [one.kind for one in found]
    assert len(set(kinds)) == len(kinds) == 8
    persons = next(one for one in found if one.kind == "person")
    assert persons.entities == len(city.release("fact_grid")) - sum(o.entities for o in found if o.kind != "person")
    for one in found:
        assert one.in_grid <= one.on_map + one.entities
        assert 0 <= one.mapped <= 1
        assert 0 <= one.gridded <= 1
        assert one.entities >= sum(one.reasons.values())
    assert texts(Night(city.run)).texts >= texts(Night(city.run)).nodes >= 0


def test_a_village_alone_is_not_on_the_map() -> None:
    one = Field("person", 10, 8, 4, 2, {"no_address": 1})
    assert (one.governed, one.mapped, one.gridded) == (0.8, 0.5, 0.25)
    assert Field("person", 0, 0, 0, 0, {}).governed == 0.0


@pytest.mark.parametrize(("told", "rate"), [(Texts(34, 10), 3.4), (Texts(0, 0), 0.0)])
def test_ways_of_writing_a_node(told: Texts, rate: float) -> None:
    assert told.rate == rate
