"""What a night says at its end of files that do not count: source, state, code, file, and why or where it stands."""

from __future__ import annotations

from tests.unit.receipts.deployment import SOURCE, Deployment, row
from transforms.account.ledger import ledger
from transforms.account.night import Night
from transforms.account.pages import Pages
from transforms.commands.troubles import troubles

FIRST, SECOND = "2026-10-01", "2026-10-02"
ROWS = [row("K1", "王一"), row("K2", "李二")]


def test_of_a_sound_night_nothing_is_said(place: Deployment) -> None:
    place.drop(FIRST, "a_20261001.csv", ROWS)
    place.night(FIRST)
    assert list(troubles(place.run(FIRST))) == []


def test_each_file_that_does_not_count_is_named_with_why(place: Deployment) -> None:
    for name in ("a_20261001.csv", "b_20261001.csv"):
        place.drop(FIRST, name, [*ROWS, row("K3", name[:1] * 2)])
    place.drop(FIRST, "c_20260930.csv", [row("K1", ""), row("K2", "")])
    place.drop(FIRST, "d_20261301.csv", ROWS)
    place.drop(FIRST, "e_20261101.csv", ROWS)
    place.drop(FIRST, "f_20260928.csv", [])
    place.drop(FIRST, "no_date.csv", ROWS)
    place.drop(FIRST, "g_20260925.csv", ROWS)  # counts, and nothing is said of it
    (place._box(FIRST) / SOURCE / "2026").mkdir()
    place.night(FIRST)
    empty = "0 rows; the contract expects 1 to 1000; columns the contract does not know: 收入"
    rivals = "another file of its period came: take the wrong one back (gridfacts drop recall), or send a correction"
    page = f"the quality report says why (reports/{FIRST}/{SOURCE}.html)"
    folder = "this is a folder (0 files, 0 bytes): nothing in it is taken in; lay each file beside it"
    assert list(troubles(place.run(FIRST))) == [
        f"{SOURCE}: refused, NOT_A_FILE: 2026: {folder}",
        f"{SOURCE}: held, SAME_PERIOD: a_20261001.csv: {rivals}",
        f"{SOURCE}: held, SAME_PERIOD: b_20261001.csv: {rivals}",
        f"{SOURCE}: held, DISTRIBUTION: c_20260930.csv: column 姓名; {page}",
        f"{SOURCE}: held, NO_AS_OF: d_20261301.csv: file name tells no such day as an as_of",
        f"{SOURCE}: held, FUTURE_AS_OF: e_20261101.csv: file name tells an as_of after the night {FIRST}",
        f"{SOURCE}: held, ZERO_ROWS: f_20260928.csv: {empty}",
        f"{SOURCE}: held, NO_AS_OF: no_date.csv: file name tells no as_of",
    ]
    books = ledger(Pages(Night(place.run(FIRST)))).delivery.to_pylist()
    assert {row["file"][0]: (row["state"], row["code"]) for row in books} == {
        "2": ("refused", "NOT_A_FILE"), "a": ("held", "SAME_PERIOD"), "b": ("held", "SAME_PERIOD"),
        "c": ("held", "DISTRIBUTION"), "d": ("held", "NO_AS_OF"), "e": ("held", "FUTURE_AS_OF"),
        "f": ("held", "ZERO_ROWS"), "g": ("landed", None), "n": ("held", "NO_AS_OF"),
    }  # fmt: skip
    place.receipts(FIRST)
    assert "把文件直接放进报送目录" in place.told(FIRST, "2026")["why"]
    place.drop(SECOND, "f_20260928.csv", [])
    place.night(SECOND)
    (again,) = troubles(place.run(SECOND))
    assert again == f"{SOURCE}: held, ZERO_ROWS: f_20260928.csv: {empty}"
