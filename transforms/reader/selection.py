"""From a rights package to the query of what it lets see; the same text serves exports and PostgreSQL views.

Everything written into the text comes from a checked package (names of the catalogue, digits), never from data.
"""

from __future__ import annotations

from collections.abc import Callable

from transforms.reader.package import POINTING, REVIEWED, Package, Share, base_of, personal, reviewed

_RESTRICTED = "SELECT shut.entity_id FROM restricted AS shut WHERE shut.state <> 'lifted'"
_YEAR_OF_TEXT = "SUBSTR({}, 1, 4)"
_YEAR_OF_DAY = "TO_CHAR({}, 'YYYY')"  # never by a cast to text: a reader's DateStyle would put day and month first


def seen(package: Package, name: str, columns: list[str], years_before: Callable[[int], str]) -> str:
    """The SELECT of some columns of a shared view's table, as they are, of every row that the package lets see.

    What it answers is for comparing, not for showing.
    """
    share = package.tables[name]
    base = base_of(name)
    tests = ["one.known_to IS NULL", *_tests(name, share, years_before)]
    if personal(name):  # the view hides the fields of who is restricted, its table does not
        tests.append(f"one.{base.key[0]} NOT IN ({_RESTRICTED})")
    chosen = ", ".join(f"one.{column}" for column in columns)
    return f"SELECT {chosen} FROM {base.table} AS one WHERE {' AND '.join(tests)}"  # noqa: S608 - checked names


def prefix(code: str) -> str:
    """The digits of a division code that all divisions in it share (GB/T 10114: 2, 4, 6, 9 or 12 of them)."""
    for end, rest in ((9, "000"), (6, "000"), (4, "00"), (2, "00")):
        if code[end : end + len(rest)] != rest:
            return code[: end + len(rest)]
    return code[:2]


def older(name: str, share: Share, years_before: Callable[[int], str]) -> str | None:
    """The test that a natural person is old enough to be seen; None where age says nothing."""
    return _old_enough(name, share, years_before) if personal(name) else None


def query(
    package: Package,
    name: str,
    token: Callable[[str], str],
    years_before: Callable[[int], str],
    among: str | None = None,
    *,
    postgres: bool = False,
) -> str:
    """The SELECT of one shared table.

    Args:
        package: whose rights.
        name: the view or table.
        token: a column → the expression of this consumer's token of it.
        years_before: a number of years → the expression of the day so long before the night of the release.
        among: a test more that rows have to pass.
        postgres: for PostgreSQL, where days are no text.
    """
    share = package.tables[name]
    year = _YEAR_OF_DAY if postgres else _YEAR_OF_TEXT
    chosen = [f"{_masked(field, package, name, token, year)} AS {field}" for field in share.fields]
    tests = _of_shown(package, years_before) if name == REVIEWED else _tests(name, share, years_before)
    tests += [among] if among else []
    text = f"SELECT {', '.join(chosen)} FROM {name} AS one"  # noqa: S608 - checked names
    return text + (f" WHERE {' AND '.join(tests)}" if tests else "")


def _of_shown(package: Package, years_before: Callable[[int], str]) -> list[str]:
    """A value under review is told where the package shows the entity and the property; masked or not."""
    found = []
    for name, properties in sorted(reviewed(package).items()):
        key, told = base_of(name).key[0], ", ".join(f"'{one}'" for one in properties)
        tests = _tests(name, package.tables[name], years_before)
        shown = f"SELECT one.{key} FROM {name} AS one" + (f" WHERE {' AND '.join(tests)}" if tests else "")  # noqa: S608
        found.append(f"(one.kind = '{name[3:]}' AND one.property IN ({told}) AND one.entity_id IN ({shown}))")
    return [f"({' OR '.join(found)})"]


def _masked(field: str, package: Package, name: str, token: Callable[[str], str], year: str) -> str:
    column = "one.ciphertext" if field == "number" else f"one.{field}"
    match package.tables[name].mask.get(field):
        case "token":
            return token(column)
        case "year":
            return year.format(column)
        case "surname":
            return f"SUBSTR({column}, 1, 1)"
        case "town":
            return f"SUBSTR({column}, 1, 9) || '000'"
    if field in ("persons", "households", "houses", "premises", "organizations", "facilities"):
        return f"CASE WHEN {column} >= {package.threshold} THEN {column} END"
    return column


def _tests(name: str, share: Share, years_before: Callable[[int], str]) -> list[str]:
    """Who is seen: current rows, in the divisions, old enough. Rows that point to a person follow that person."""
    tests = [] if name.startswith("v1_") or name == "stat_grid" else ["one.known_to IS NULL"]
    if base_of(name).person:
        return tests + _of_person(name, share, years_before)
    if name in POINTING:
        key = "person_id" if name == "rel_person_house" else "entity_id"
        who = " AND ".join(_of_person("v1_person", share, years_before))
        tests.append(f"one.{key} IN (SELECT one.person_id FROM v1_person AS one WHERE {who})")  # noqa: S608
        return tests + (["one.what = 'document'"] if name == "vault_identifier" else [])
    return tests + _within(share.divisions)


def _of_person(name: str, share: Share, years_before: Callable[[int], str]) -> list[str]:
    return [_old_enough(name, share, years_before), *_within(share.divisions)]


def _old_enough(name: str, share: Share, years_before: Callable[[int], str]) -> str:
    """A birth date known only to the year or month counts from the latest day it may mean.

    So does every birth date of a table that does not say how precisely it knows it.
    """
    age, base = share.minimum_age or 0, base_of(name)
    surely = f"one.birth_date <= {years_before(age + 1)}"
    if base.person and "birth_precision" not in base.columns:
        return f"({surely})"
    known = f"(one.birth_precision = 'day' AND one.birth_date <= {years_before(age)})"
    return f"({known} OR {surely})"


def _within(divisions: tuple[str, ...]) -> list[str]:
    """The test that a row lies in one of the divisions; none for everywhere."""
    each = [f"SUBSTR(one.division_code, 1, {len(prefix(code))}) = '{prefix(code)}'" for code in divisions]
    return [f"({' OR '.join(each)})"] if each else []
