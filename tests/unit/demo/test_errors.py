"""Each named error strikes where its rate says, changes what it says, and leaves every other row alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from demo import errors
from demo.damage.bands import Errors
from demo.damage.tables import FIRST_ROW, LINE_ERRORS
from demo.draw import Dice, Texts
from demo.numbers import resident_check

COUNT = 400
IDS = np.arange(COUNT, dtype=np.int64)
DICE = Dice(3, "test")
NAMES = np.array((["王小明", "李伟", "欧阳春华", "阿依古丽·吐尔洪", "张㛃华"] * COUNT)[:COUNT], dtype=object)
BODIES = np.array([f"44999119{3 + n % 6}{n % 10}0{1 + n % 9}1{n % 7}{100 + n}" for n in range(COUNT)], dtype=object)
NUMBERS: Texts = BODIES + resident_check(BODIES)
PHONES = np.array([f"1540000{n:04d}" for n in range(COUNT)], dtype=object)
BIRTHS = np.array([text[6:14] for text in NUMBERS], dtype=object)
LON, LAT = 112.00003 + IDS / 10_000.0, 22.90003 + IDS / 10_000.0
ALL = np.ones(COUNT, dtype=bool)
Call = Callable[[dict[str, float]], tuple[Texts, Errors]]

CALLS: dict[str, tuple[Texts, Call]] = {
    "names": (NAMES, lambda rates: errors.name_errors(NAMES, rates, DICE, IDS)),
    "former": (NAMES, lambda rates: errors.former_name_errors(NAMES, NAMES[::-1] + "甲", rates, DICE, IDS)),
    "numbers": (NUMBERS, lambda rates: errors.number_errors(NUMBERS, NUMBERS[::-1], ALL, ~ALL, rates, DICE, IDS)),
    "shared": (NUMBERS, lambda rates: errors.shared_number_errors(NUMBERS, NUMBERS, rates, DICE, IDS)),
    "births": (BIRTHS, lambda rates: errors.birth_errors(BIRTHS, "{}{}{}".format, rates, DICE, IDS)),
    "phones": (PHONES, lambda rates: errors.phone_errors(PHONES, PHONES[::-1], rates, DICE, IDS)),
    "family": (PHONES, lambda rates: errors.shared_phone_errors(PHONES, PHONES[::-1], rates, DICE, IDS)),
    "codes": (NAMES, lambda rates: errors.code_errors(NAMES, "怪", rates, DICE, IDS)),
    "texts": (NAMES, lambda rates: errors.text_errors(NAMES, rates, DICE, IDS)),
    "notes": (NAMES, lambda rates: errors.note_errors(NAMES, NUMBERS, rates, DICE, IDS)),
}
ERRORS = {
    "names": [
        "homophone_char", "lookalike_char", "dropped_char", "swapped_char", "traditional_form", "doubled_char",
        "space_in_name", "zero_width", "name_note", "dot_variant", "rare_char_lost", "pua_char",
    ],
    "former": ["former_name_used"],
    "numbers": [
        "id_typo", "id_15_digit", "id_borrowed", "id_excel_number", "full_width", "id_transposed", "id_rechecked",
        "id_exponent", "id_masked", "id_spaces", "id_apostrophe", "id_placeholder", "id_lowercase_x",
        "id_cyrillic_x", "id_star_x", "id_float", "id_centenarian",
    ],
    "shared": ["id_shared"],
    "births": [
        "birth_default", "birth_year_month_only", "birth_year_only", "birth_lunar", "birth_typo", "birth_day_month",
        "birth_excel_serial", "birth_impossible", "birth_excel_1904", "birth_short_month", "birth_us_order",
    ],
    "phones": [
        "phone_missing", "stale_phone", "phone_placeholder", "phone_two_in_cell", "phone_prefix", "phone_spaces",
        "phone_typo", "phone_digit_lost",
    ],
    "family": ["shared_phone"],
    "codes": ["unknown_code"],
    "texts": ["zero_width", "control_char", "nul_byte", "error_cell", "line_break_in_cell"],
    "notes": ["personal_data_in_note"],
}  # fmt: skip
EACH = [(group, name) for group, names in ERRORS.items() for name in names]


def checks(number: str) -> bool:
    return len(number) == 18 and bool(resident_check(np.array([number[:17]], dtype=object))[0] == number[17])


@pytest.mark.parametrize(("group", "name"), EACH)
def test_an_error_strikes_by_its_rate_and_tells_where(group: str, name: str) -> None:
    before, call = CALLS[group]
    after, found = call({name: 0.5})
    struck = found[name]
    assert 0 < struck.sum() < COUNT
    assert (after[struck] != before[struck]).all()
    assert (after[~struck] == before[~struck]).all()
    again, _ = call({name: 0.5})
    assert (again == after).all()


@pytest.mark.parametrize("group", CALLS)
def test_without_a_rate_nothing_happens(group: str) -> None:
    before, call = CALLS[group]
    after, found = call({})
    assert (after == before).all()
    assert not any(flags.any() for flags in found.values())


def test_at_most_one_damage_of_a_value() -> None:
    for group in ("names", "numbers", "births", "phones"):
        _, found = CALLS[group][1](dict.fromkeys(ERRORS[group], 0.05))
        assert np.sum(list(found.values()), axis=0).max() == 1, group


def test_what_the_numbers_look_like() -> None:
    looks: dict[str, Callable[[str], bool]] = {
        "id_typo": lambda t: len(t) == 18 and not checks(t),
        "id_transposed": lambda t: len(t) == 18 and not checks(t),
        "id_rechecked": checks,
        "id_borrowed": checks,
        "id_15_digit": lambda t: len(t) == 15 and t.isdigit(),
        "id_excel_number": lambda t: t.endswith("000") and len(t) == 18,
        "id_exponent": lambda t: float(t) > 4.4e17,
        "id_masked": lambda t: t[6:14] == "********",
        "id_cyrillic_x": lambda t: t[-1] == "\u0425",
        "id_float": lambda t: t.endswith("00.0") and len(t) == 20,
        "id_centenarian": lambda t: len(t) == 15 and t[12:] >= "996",
    }
    for name, look in looks.items():
        after, found = CALLS["numbers"][1]({name: 0.5})
        assert found[name].any()
        assert all(look(text) for text in after[found[name]]), name


def test_days_of_the_lunar_calendar_come_before_those_of_the_sun() -> None:
    after, found = CALLS["births"][1]({"birth_lunar": 0.5})
    struck = found["birth_lunar"]
    days = [
        np.array([f"{t[:4]}-{t[4:6]}-{t[6:]}" for t in texts[struck]], "datetime64[D]") for texts in (BIRTHS, after)
    ]
    assert (np.unique(days[0] - days[1]).astype(int) >= 18).all()
    assert (np.unique(days[0] - days[1]).astype(int) <= 49).all()


@pytest.mark.parametrize("name", ["zero_coordinates", "swapped_coordinates", "wrong_datum", "town_hall_point",
                                  "truncated_coordinates", "projected_coordinates", "outside_city"])  # fmt: skip
def test_points(name: str) -> None:
    lon, lat, found = errors.coordinate_errors(LON, LAT, {name: 0.5}, DICE, IDS)
    struck = found[name]
    assert 0 < struck.sum() < COUNT
    assert ((lon != LON) | (lat != LAT))[struck].all()
    assert ((lon == LON) & (lat == LAT))[~struck].all()
    metres = np.hypot((lon - LON) * 102_500, (lat - LAT) * 111_000)[struck]
    if name == "wrong_datum":
        assert ((metres > 450) & (metres < 1500)).all()
        assert len(np.unique(metres > 900)) == 2, "GCJ-02 and BD-09"
    if name == "projected_coordinates":
        assert (np.floor(lon[struck] / 1_000_000) == 37).all()
        assert (np.abs(lat[struck] - 2_534_000) < 12_000).all()


def test_empty_cells_get_words_for_nothing() -> None:
    half = np.where(IDS % 2 == 0, "", "x").astype(object)
    after, found = errors.null_word_errors(half, {"null_word": 0.5}, DICE, IDS)
    assert (half[found["null_word"]] == "").all()
    assert set(after[found["null_word"]]) <= {"无", "暂无", "-", "不详", "null", "NA", "None", "/"}
    assert (after[half == "x"] == "x").all()


def test_leading_zeros_are_lost_where_there_are_some() -> None:
    codes = np.array([f"{n:03d}" for n in range(COUNT)], dtype=object)
    after, found = errors.zero_errors(codes, {"leading_zero_lost": 0.5}, DICE, IDS)
    struck = found["leading_zero_lost"]
    assert struck.any()
    assert not struck[100:].any()
    assert [int(a) for a in after] == [int(b) for b in codes]
    assert not any(text.startswith("0") and text != "0" for text in after[struck])


def test_second_rows_follow_and_draw_on_their_own() -> None:
    who, again, rows = errors.repeated(IDS, {"duplicate_row": 0.1}, DICE)
    assert 10 < again.sum() < 80
    assert set(who[again]) <= set(IDS)
    assert not again[:COUNT].any()
    assert len(set(rows.tolist())) == len(rows)


def test_damaged_lines_keep_their_place() -> None:
    lines = ["a,b,c", *(f"{n},x{n},y{n}" for n in range(COUNT))]
    content = ("\r\n".join(lines) + "\r\n").encode("gb18030")
    names = [*LINE_ERRORS, FIRST_ROW]
    rates = dict.fromkeys(names, 0.1)
    found = errors.line_errors(rates, DICE, IDS)
    found = {name: flags & (IDS > 0) for name, flags in found.items()}
    errors.first_row_longer(found, rates, COUNT)
    damaged = errors.damaged_lines(content, found, "gb18030", ",", "\r\n").decode("gb18030").split("\n")
    assert len(damaged) == len(lines) + 1
    assert not damaged.pop()
    ends = np.array([line[-1] for line in damaged])
    damaged = [line.removesuffix("\r") for line in damaged]
    assert set(np.flatnonzero(ends[1:] != "\r")) == set(np.flatnonzero(found["mixed_line_ends"]))
    assert found[FIRST_ROW].tolist() == [True, *[False] * (COUNT - 1)]
    shape = {
        "extra_field": lambda text: text.count(",") == 3,
        "short_row": lambda text: "," not in text,
        "unclosed_quote": lambda text: text.count('"') == 1,
        "bom_in_file": lambda text: text[0] == "\ufeff",
        "mixed_line_ends": lambda text: text in lines,
        FIRST_ROW: lambda text: text == lines[1] + ",",
    }
    for name in names:
        assert found[name].any()
        assert all(shape[name](damaged[row + 1]) for row in np.flatnonzero(found[name])), name
    whole = ~np.any(list(found.values()), axis=0)
    assert all(damaged[row + 1] == lines[row + 1] for row in np.flatnonzero(whole))


def test_whole_files() -> None:
    assert errors.with_total_line(b"a\n", "合计", 3, "utf-8", ",", "\n") == "a\n合计,3\n".encode()
    assert list(errors.renamed({"姓名": NAMES, "x": NAMES}, {"姓名": "名字"})) == ["名字", "x"]
