from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from demo.city import build
from demo.config import HERE, city_config, divisions, error_names
from tests.unit.demo.sample import City, read

KINDS = ["address", "building", "facility", "grid", "house", "household", "organization", "person", "premises"]
ROOT = Path(__file__).parents[3]
CITIES = [city_config(path.stem) for path in sorted((HERE / "cities").glob("*.yml"))]


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_seed_same_bytes_and_another_seed_other_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        build("yunfu", 600, 2, seed, tmp_path / name, lambda _: None)
    first, again, other = (digest(tmp_path / name) for name in "abc")
    assert len(first) > 15
    assert first == again
    both = set(first) & set(other)
    assert len(both) > 0.8 * len(first), "a delta without a record may be missing"
    assert sum(first[name] == other[name] for name in both) < 0.1 * len(both), "only files without a record"


def test_a_city_by_configuration_alone(tmp_path: Path) -> None:
    said: list[str] = []
    summary = build("changzhou", 1200, 2, 3, tmp_path, said.append)
    assert 600 < summary.residents < 2400
    assert summary.nights == ["2026-10-01", "2026-10-02"]
    assert any("residents" in text for text in said)
    (path,) = (tmp_path / "drops/2026-10-01/gongan_hukou").iterdir()
    rows = read(path)
    assert all("3204" not in str(row["公民身份号码"])[:4] for row in rows.values())
    assert any(str(row["户籍地址"]).startswith("江苏省常州市") for row in rows.values())


def test_no_line_of_the_generator_is_wired_to_a_city() -> None:
    """Names, codes and telephone codes of cities stand in `cities/` alone."""
    words = {config.city_code[:4] for config in CITIES} | {config.area_code for config in CITIES}
    names = set(divisions().set_index("code").loc[[config.city_code for config in CITIES], "name"].str[:2])
    code = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "demo").rglob("*.py"))}
    assert len(code) > 40
    assert len(words | names) == 6
    assert [(path.name, word) for path, text in code.items() for word in sorted(words | names) if word in text] == []


@pytest.mark.parametrize(("city", "residents", "nights"), [("atlantis", 600, 1), ("yunfu", 0, 1), ("yunfu", 600, 0)])
def test_nonsense_is_refused(tmp_path: Path, city: str, residents: int, nights: int) -> None:
    with pytest.raises(ValueError, match="city"):
        build(city, residents, nights, 1, tmp_path, lambda _: None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", KINDS)
def test_every_truth_row_points_at_a_row_of_a_file(city: City, kind: str) -> None:
    truth = city.truth(kind)
    files = {hashlib.sha256(p.read_bytes()).hexdigest(): p for p in (city.folder / "drops").rglob("*") if p.is_file()}
    assert len(truth)
    for (night, source, sha256), part in truth.groupby(["night", "source", "file_sha256"]):
        path = files[str(sha256)]
        assert path.parent.name == source
        assert path.parent.parent.name == night
        if path.name in city.broken():
            continue  # nobody can say where its rows stand
        assert sorted(part["line"]) == sorted(read(path))


def test_truth_lines_point_at_the_right_person(city: City) -> None:
    """Rows of one person with an undamaged number carry the same number, in two formats."""
    truth = city.truth("person")
    truth = truth[truth["night"] == "2026-10-01"]
    bad = {name for name in error_names()["gongan_hukou"] + error_names()["shebao_canbao"] if name.startswith("id_")}
    bad |= {"id_missing", "full_width"}
    numbers: dict[str, set[str]] = {}
    sources = {"gongan_hukou": "公民身份号码", "shebao_canbao": "证件号码"}
    compared = 0
    for source, heading in sources.items():
        rows = city.rows("2026-10-01", source)
        part = truth[truth["source"] == source]
        for line, entity, errors, cases in part[["line", "entity", "errors", "cases"]].itertuples(index=False):
            if not bad & set(errors) and "newborn" not in cases:
                compared += entity in numbers
                numbers.setdefault(entity, set()).add(str(rows[line][heading]))
    assert compared > 1000
    assert all(len(values) == 1 for values in numbers.values())
    assert len({value for values in numbers.values() for value in values}) == len(numbers)


def test_every_hard_case_occurs(city: City) -> None:
    cases = {name for names in city.truth("person")["cases"] for name in names}
    assert {"twin", "namesake_at_home", "father_and_son", "newborn", "lives_elsewhere", "migrant"} <= cases


def test_recorded_errors_are_in_the_text(city: City) -> None:
    truth = city.truth("person")
    truth = truth[(truth["night"] == "2026-10-01") & (truth["source"] == "shebao_canbao")]
    rows = city.rows("2026-10-01", "shebao_canbao")
    seen: dict[str, int] = {}
    checks = {
        "id_missing": lambda row: row["证件号码"] is None,
        "id_15_digit": lambda row: len(str(row["证件号码"])) == 15 and isinstance(row["证件号码"], str),
        "id_excel_number": lambda row: isinstance(row["证件号码"], int | float),
        "birth_default": lambda row: row["出生年月日"] == "1900/01/01",
        "birth_year_month_only": lambda row: len(str(row["出生年月日"])) == 7,
        "address_missing": lambda row: row["居住地"] is None,
        "phone_missing": lambda row: row["手机"] is None,
    }
    for line, errors in truth[["line", "errors"]].itertuples(index=False):
        for name, check in checks.items():
            assert check(rows[line]) == (name in errors), (line, name)
            seen[name] = seen.get(name, 0) + (name in errors)
    assert all(seen[name] > 0 for name in checks)


def test_an_unchanged_person_is_written_the_same_on_both_nights(city: City) -> None:
    first, second = (
        {row["人员编号"]: row for row in city.rows(night, "gongan_hukou").values()}
        for night in ("2026-10-01", "2026-10-02")
    )
    both = set(first) & set(second)
    changed = {key for key in both if first[key] != second[key]}
    assert len(both) > 4000
    assert 0 < len(changed) < 0.02 * len(both)
    assert set(second) - set(first), "births appear"
    dead = [k for k in changed if second[k]["户口状态"] == "死亡注销" and first[k]["户口状态"] == "正常"]
    assert dead
    assert [k for k in changed if first[k]["户号"] != second[k]["户号"]], "a marriage changes a household"


def test_every_resident_of_a_night_is_of_one_household(city: City) -> None:
    told = city.truth("household_members")
    assert set(told["night"]) == {"2026-10-01", "2026-10-02"}
    assert not told.duplicated(["night", "entity"]).any()
    first, second = (told[told["night"] == night].set_index("entity") for night in sorted(set(told["night"])))
    known = city.truth("person").query("night == '2026-10-01' and source == 'gongan_hukou'")
    number = city.truth("household").query("night == '2026-10-01'").set_index("line")["entity"]
    again = known["errors"].map(lambda errors: "duplicate_row" in errors)
    register = known[~again].assign(household=number.loc[known[~again]["line"]].to_numpy()).set_index("entity")
    both = first.index.intersection(register.index)
    assert len(both) > 4000
    assert (first.loc[both, "household"] == register.loc[both, "household"]).all(), "as the register has it"
    assert len(first) > len(both) + 500, "those whom it does not know are residents too"
    migrant = first["cases"].map(lambda cases: "migrant" in cases)
    assert not set(first[migrant].index) & set(register.index)
    same = first.index.intersection(second.index)
    assert (first.loc[same, "household"] != second.loc[same, "household"]).sum() > 0, "a marriage"
    gone = city.truth("events").query("night == '2026-10-02' and event == 'death'")["entity"]
    assert len(gone)
    assert gone.isin(first.index).all()
    assert not gone.isin(second.index).any()


def test_the_second_night_has_each_event(city: City) -> None:
    night = city.folder / "drops" / "2026-10-02"
    names = {path.name for path in night.rglob("*") if path.is_file()}
    assert "components-20261001-r1.jsonl" in names, "a corrected file"
    assert "NSR_20260901.tsv" in names, "a late file"
    assert not (night / "xiaofang_sheshi").exists(), "a department that sends nothing"
    houses = [{r["房屋编号"] for r in city.rows(n, "zhujian_fangwu").values()} for n in ("2026-10-01", "2026-10-02")]
    assert len(houses[1] - houses[0]) == 1, "a new building"
    assert len(houses[0] - houses[1]) == 1, "a demolished one"
    operations = {row["操作标志"] for row in city.rows("2026-10-02", "shichang_zhuti").values()}
    assert operations == {"I", "U", "D"}
    grids = [{r["网格编码"] for r in city.rows(n, "zhengfa_wangge").values()} for n in ("2026-10-01", "2026-10-02")]
    assert len({code for code in grids[0] - grids[1] if len(code) == 16}) == 3, "one is split, two are joined"
    assert len(grids[1] - grids[0]) == 3
    columns = [set(next(iter(city.rows(n, "shebao_canbao").values()))) for n in ("2026-10-01", "2026-10-02")]
    assert columns[1] - columns[0] == {"参保险种"}
    homes = [
        city.truth("person").query("night == @night").drop_duplicates("entity").set_index("entity")["address"]
        for night in ("2026-10-01", "2026-10-02")
    ]
    moved = pd.concat(homes, axis=1, join="inner")
    assert (moved.iloc[:, 0] != moved.iloc[:, 1]).sum() > 0, "somebody moved"
