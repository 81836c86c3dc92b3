"""A training that takes families for persons joins small groups only; it is noticed and nothing is joined by scores."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from transforms import contract, kinds, store
from transforms.engine import Engine
from transforms.link import scored
from transforms.live import Live
from transforms.run import REPOSITORY, Settings

FEBRL = REPOSITORY / "docs" / "tutorial" / "febrl" / "expectations"
GIVEN = (
    "anna",
    "boris",
    "celine",
    "dmitri",
    "esther",
    "fulgence",
    "gwen",
    "horace",
    "inigo",
    "jozefa",
    "kwame",
    "lothar",
)
SURNAMES = ("smith", "okafor", "garcia", "nguyen", "kowalski", "haddad", "lindqvist", "moreau", "yamada", "petrov")


def cards(families: int, children: int, again: int) -> list[dict[str, object]]:
    """Children of each family, with nothing in common but the home, and second cards of the first ``again`` members."""
    dice = random.Random(5)
    rows: list[dict[str, object]] = []
    for family in range(families):
        home = {"surname": dice.choice(SURNAMES), "street_number": str(dice.randrange(1, 200)), "state": "nsw",
                "street": f"{dice.choice(GIVEN)} {dice.choice(SURNAMES)} street", "suburb": dice.choice(SURNAMES),
                "postcode": str(dice.randrange(1000, 9999))}  # fmt: skip
        for given in dice.sample(GIVEN, children):
            rows.append(home | {"given_name": given, "social_number_token": f"{family}-{given}"})
    rows += [dict(row) for row in rows[:again]]
    return [row | {"record_id": f"r{i:05d}", "source": "library_cards"} for i, row in enumerate(rows)]


@pytest.mark.parametrize(("children", "again", "wild"), [(2, 0, 1), (2, 150, 1), (1, 150, 0)])
def test_siblings_are_no_person_whatever_a_training_makes_of_them(
    children: int, again: int, wild: int, tmp_path: Path
) -> None:
    rows = cards(300, children, again)
    store.write_table(tmp_path / "member.parquet", pa.Table.from_pylist(rows))
    kind = kinds.load(FEBRL / "kinds" / "member.yml")
    with Engine(Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path), "GRIDFACTS_THREADS": "1"})) as engine:
        records = scored.Records(engine, kind, Live(tmp_path / "member.parquet"), None)
        linked = scored.link(records, contract.load_all(FEBRL), [])
    assert linked.collapsing == wild
    joined = linked.scored.score >= kind.link.accept
    assert bool(joined.any()) is not bool(wild)
