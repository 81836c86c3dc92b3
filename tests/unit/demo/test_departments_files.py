"""All departments: their files keep their contracts, their truth is told, none writes like another."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from demo.config import all_rates, error_names
from tests.unit.demo.sample import CONTRACTS, Broken, City, contract, read

SOURCES = sorted(path.stem for path in CONTRACTS.glob("*.yml"))
FIRST = "2026-10-01"
PERSONS = ["canlian_renyuan", "gongan_liudong", "jiaoyu_xueji", "tuiyi_junren", "wangge_renkou", "yibao_canbao"]
NEW_COLUMNS = {"shebao_canbao": {"参保险种"}}  # on the second night


def headings(source: str) -> list[str]:
    promise = contract(source)
    return [entry["heading"] for part in ("columns", "ignored") for entry in promise.get(part) or []]


def test_every_contract_has_a_department_and_the_reverse() -> None:
    assert len(SOURCES) == 25
    assert sorted(error_names()) == SOURCES


@pytest.mark.parametrize("source", SOURCES)
def test_files_keep_the_contract(city: City, source: str) -> None:
    promise = contract(source)
    files = sorted(path for path in (city.folder / "drops").glob(f"*/{source}/*") if path.is_file())
    assert files
    for path in files:
        assert re.fullmatch(promise["arrives"]["file_pattern"], path.name)
    for path in (path for path in files if path.name not in city.broken()):
        every = read(path)
        rows = {line: row for line, row in every.items() if not isinstance(row, Broken)}
        assert len(rows) > 0.9 * len(every)
        found = set(next(iter(rows.values())))
        assert set(headings(source)) <= found <= set(headings(source)) | NEW_COLUMNS.get(source, set())
        if promise["key"]:
            keys = [tuple(row[name] for name in promise["key"]) for row in rows.values()]
            assert len(set(keys)) == len(keys)
        for entry in promise["columns"]:
            said = [row[entry["heading"]] for row in rows.values()]
            if entry.get("required"):
                assert all(value not in (None, "") for value in said), entry["heading"]
            if "codes" in entry:
                unknown = sum(str(value) not in entry["codes"] for value in said if value not in (None, ""))
                assert unknown <= max(3, 0.03 * len(said)), entry["heading"]


@pytest.mark.parametrize("source", SOURCES)
def test_the_truth_names_every_row_of_every_kind(city: City, source: str) -> None:
    path = city.file(FIRST, source)
    for kind in contract(source)["feeds"]:
        truth = city.truth(kind)
        truth = truth[(truth["source"] == source) & (truth["night"] == path.parent.parent.name)]
        assert len(truth)
        by_file = truth.groupby("file_sha256")["line"].apply(sorted).tolist()
        assert sorted(read(path)) in by_file, kind


def test_rows_per_resident(city: City) -> None:
    """Issue "The sample city": about 4.2 rows per resident, over all departments."""
    rows = sum(len(read(path)) for path in (city.folder / "drops" / FIRST).glob("*/*"))
    everyone = city.truth("person")
    residents = everyone.loc[everyone["night"] == FIRST, "entity"].nunique()
    assert 3.9 < rows / residents < 4.6


def test_no_two_departments_err_alike() -> None:
    """Of two departments that make at least five kinds of errors, no pair makes the same ones at the same rates."""
    rates = {
        source: {n: r for n, r in all_rates()[source].items() if n in names} for source, names in error_names().items()
    }
    erring = [source for source, errors in rates.items() if len(errors) > 4]
    assert len(erring) > 18
    for one, other in combinations(erring, 2):
        same = rates[one].items() & rates[other].items()
        assert len(same) <= 0.5 * min(len(rates[one]), len(rates[other])), (one, other)


@pytest.mark.parametrize("source", PERSONS)
def test_order_and_values_tell_nothing_of_the_person(city: City, source: str) -> None:
    """Rank correlations of the entity's name and the line with every column that varies stay in the noise."""
    truth = city.truth("person")
    truth = truth[(truth["night"] == FIRST) & (truth["source"] == source)]
    rows = city.rows(FIRST, source)
    columns = [name for name in headings(source) if len({row[name] for row in rows.values()}) > 1]
    table = truth[["entity", "line"]].reset_index(drop=True)
    for name in columns:
        table[name] = [str(rows[line][name]) for line in truth["line"]]
    assert len(table) > 60
    correlation = np.corrcoef(table.rank(method="average").to_numpy().T)[:2, 2:]
    told = {name for name, value in zip(columns, np.nanmax(np.abs(correlation), axis=0), strict=True)
            if value > 5 / np.sqrt(len(table))}  # fmt: skip
    assert not told


@pytest.mark.parametrize("source", PERSONS)
def test_a_row_says_the_name_of_its_person(city: City, source: str) -> None:
    """Where the truth tells of no damage to the name, it is the name the register writes for the same entity."""
    kinds = {name for of in (source, "gongan_hukou") for name in error_names()[of]}
    spoilt = {name for name in kinds if "char" in name or "name" in name} | {
        "traditional_form",
        "dot_variant",
        "zero_width",
    }
    heading = next(entry["heading"] for entry in contract(source)["columns"] if "person.name" in entry["to"])
    truth = city.truth("person")
    truth = truth[(truth["night"] == FIRST) & truth["errors"].map(lambda errors: not spoilt & set(errors))]
    told = truth[["source", "entity", "line"]]
    register, rows = city.rows(FIRST, "gongan_hukou"), city.rows(FIRST, source)
    known = {
        entity: register[line]["姓名"] for of, entity, line in told.itertuples(index=False) if of == "gongan_hukou"
    }
    pairs = [
        (rows[line][heading], known[entity])
        for of, entity, line in told.itertuples(index=False)
        if of == source and entity in known
    ]
    assert len(pairs) > 50 or source == "gongan_liudong"
    assert all(said == registered for said, registered in pairs)


def test_deltas_tell_only_of_changes(city: City) -> None:
    deltas = [source for source in SOURCES if contract(source)["arrives"]["mode"] == "delta"]
    assert len(deltas) == 3
    first = city.rows(FIRST, "gongan_liudong")
    second = city.rows("2026-10-02", "gongan_liudong")
    assert {row["变动类型"] for row in first.values()} == {"新增"}
    assert {"新增", "注销"} & {row["变动类型"] for row in second.values()}
    assert len(second) < 0.1 * len(first)
    before = {row["登记表编号"] for row in first.values()}
    assert all((row["登记表编号"] in before) == (row["变动类型"] != "新增") for row in second.values())


def test_people_of_one_home_stand_under_one_merged_address(city: City) -> None:
    truth = city.truth("person")
    truth = truth[(truth["night"] == FIRST) & (truth["source"] == "wangge_renkou")]
    rows = city.rows(FIRST, "wangge_renkou")
    homes = truth.assign(book=[rows[line]["户编号"] for line in truth["line"]]).groupby("address")
    assert (homes["line"].count() > 1).sum() > 100
    assert (homes["book"].nunique() == 1).all()
    assert (homes["line"].max() - homes["line"].min() + 1 == homes["line"].count()).all()
