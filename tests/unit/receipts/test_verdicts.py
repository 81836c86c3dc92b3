"""What a receipt says became of each row, from the real rooms' outputs."""

from __future__ import annotations

from tests.unit.receipts.deployment import HEADINGS, Deployment, row

FIRST, SECOND, THIRD = "2026-10-01", "2026-10-02", "2026-10-03"
A, B = "a_20261001.csv", "b_20261002.csv"


def verdicts(place: Deployment, night: str, stem: str) -> list[str]:
    """The verdict of every row in the order of the file."""
    return [verdict for verdict, _, _, rows in place.told(night, stem)["runs"] for _ in range(rows)]


def first_night(place: Deployment) -> None:
    place.drop(
        FIRST, A,
        [row("K1", "王一"), row("K2", "李二"), row("K2", "李二"), row("K3", "张三", 户号="H2"),
         row("K3", "张叁", 户号="H3"), row("K4", ""), ("K5", "短")],
    )  # fmt: skip
    place.night(FIRST)


def test_a_first_file_has_duplicates_outvoted_rows_and_rows_in_quarantine(place: Deployment) -> None:
    first_night(place)
    place.receipts(FIRST)
    told = place.told(FIRST, A)
    found = verdicts(place, FIRST, A)
    assert found[:3] == ["accepted", "accepted", "duplicate"]
    assert sorted(found[3:5]) == ["accepted", "superseded"]
    assert found[5:] == ["quarantined", "quarantined"]
    assert told["rows"] == 7 == sum(told["counts"].values())
    counts, loser = (5, 6) if found[3] == "accepted" else (6, 5)
    assert told["instead"] == sorted([[4, "duplicate", A, 3], [loser, "superseded", A, counts]])
    assert [7, "REQUIRED", "姓名", "quarantine"] in told["findings"]
    assert [8, "FAULT_FIELD_COUNT", None, "quarantine"] in told["findings"]
    assert [r["以哪一行为准"] for r in place.book(FIRST, A)][2] == "第 3 行"


def test_what_was_said_before_is_unchanged_and_a_repeat_within_the_file_is_not(place: Deployment) -> None:
    first_night(place)
    place.drop(SECOND, B, [row("K1", "王一"), row("K1", "王一"), row("K2", "李贰"), row("K6", "赵六")])
    place.night(SECOND)
    place.receipts(SECOND)
    assert verdicts(place, SECOND, B) == ["unchanged", "duplicate", "accepted", "accepted"]
    assert place.told(SECOND, B)["instead"] == [[3, "duplicate", B, 2]]


def test_a_late_file_is_superseded_by_the_file_that_counts(place: Deployment) -> None:
    first_night(place)
    late = "late_20260930.csv"
    place.drop(SECOND, late, [row("K1", "王旧"), row("K9", "钱九")])
    place.night(SECOND)
    place.receipts(SECOND)
    assert verdicts(place, SECOND, late) == ["superseded", "withdrawn"], "K9 is in no later snapshot"
    assert place.told(SECOND, late)["instead"] == [[2, "superseded", A, 2]]
    assert place.book(SECOND, late)[0]["以哪一行为准"] == f"{A} 第 2 行"


def test_another_file_of_the_same_period_is_held(place: Deployment) -> None:
    first_night(place)
    other = "other_20261001.csv"
    place.drop(SECOND, other, [row("K1", "王一"), row("K1", "王一")])
    place.night(SECOND)
    place.receipts(SECOND)
    assert verdicts(place, SECOND, other) == ["held", "held"]
    assert "同一期" in place.book(SECOND, other)[0]["怎么改"]
    told = place.told(SECOND, other)
    assert (told["code"], told["state"]) == ("SAME_PERIOD", "landed")
    assert "同一期" in told["why"]
    place.receipts(FIRST)
    assert place.told(FIRST, A)["code"] is None, "the one that came first counts"


def test_a_correction_counts_and_the_first_receipt_stays_as_it_was(place: Deployment) -> None:
    first_night(place)
    place.receipts(FIRST)
    before = {path.name: path.read_bytes() for path in place.folder(FIRST).iterdir()}
    mended = "a_20261001_更正1.csv"
    place.drop(SECOND, mended, [row("K1", "王一"), row("K4", "陈四")])
    place.night(SECOND)
    place.receipts(SECOND)
    assert verdicts(place, SECOND, mended) == ["accepted", "accepted"]
    place.receipts(FIRST)
    assert {path.name: path.read_bytes() for path in place.folder(FIRST).iterdir()} == before


def test_a_delta_says_that_it_deleted(delta: Deployment) -> None:
    delta.drop(FIRST, A, [row("K1", "王一"), row("K2", "李二")])
    delta.night(FIRST)
    delta.drop(SECOND, B, [row("K1", "王一", 操作="D"), row("K3", "张三")])
    delta.night(SECOND)
    delta.receipts(SECOND)
    assert verdicts(delta, SECOND, B) == ["deleted", "accepted"]


def test_a_file_that_is_held_or_refused_as_a_whole_has_a_receipt_too(place: Deployment) -> None:
    place.drop(FIRST, A, [], HEADINGS)
    place.drop(FIRST, B, [row("K1", "王一")])
    place.drop(FIRST, "c_20260929.csv", [("x",)], ("编号",))
    place.night(FIRST)
    made = {one.file: one.state for one in place.receipts(FIRST)}
    assert made == {A: "held", B: "held", "c_20260929.csv": "refused"}
    assert place.told(FIRST, A)["code"] == "ZERO_ROWS"
    assert place.told(FIRST, B)["code"] == "FUTURE_AS_OF"
    assert place.told(FIRST, "c_20260929.csv")["code"] == "SCHEMA"
    page = (place.folder(FIRST) / "c_20260929.csv.回执.html").read_text("utf-8")
    assert "缺少约定的列" in page
    assert "姓名" in page, "the missing columns are named"


def test_at_once_it_says_received_and_after_the_night_more(place: Deployment) -> None:
    place.drop(FIRST, A, [row("K1", "王一"), row("K1", "王一"), row("K2", "")])
    place.night(FIRST, done=False)
    place.receipts(FIRST)
    assert place.told(FIRST, A)["phase"] == "received"
    assert verdicts(place, FIRST, A) == ["accepted", "accepted", "quarantined"]
    place.night(FIRST)
    place.receipts(FIRST)
    assert place.told(FIRST, A)["phase"] == "night"
    assert verdicts(place, FIRST, A) == ["accepted", "duplicate", "quarantined"]


def test_the_same_bytes_again_repeat_the_first_verdicts(place: Deployment) -> None:
    first_night(place)
    place.drop(SECOND, A, [])
    (place.home / "boxes" / SECOND / "ceshi_renyuan" / A).write_bytes(
        (place.home / "boxes" / FIRST / "ceshi_renyuan" / A).read_bytes()
    )
    place.night(SECOND)
    (made,) = place.receipts(SECOND)
    assert made.state == "duplicate"
    place.receipts(FIRST)
    assert verdicts(place, SECOND, A) == verdicts(place, FIRST, A)
