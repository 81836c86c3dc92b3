"""The dictionary tells every table and column, needs no internet, and the page in docs is what it would write today."""

from __future__ import annotations

import re
from pathlib import Path

from transforms import contract, tables
from transforms.reader import dictionary, export, promise

ROOT = Path(__file__).parents[3]
PAGE = dictionary.render(ROOT / "expectations")


def test_the_page_in_docs_is_the_page_that_would_be_written() -> None:
    assert (ROOT / "docs" / "dictionary" / "index.html").read_text("utf-8") == PAGE, "run: gridfacts dictionary"


def test_every_table_column_and_department_is_told() -> None:
    told = re.sub(r"&#x27;", "'", PAGE)
    for name, table in tables.load_all().items():
        section = told[told.index(f'<h2 id="{name}">') :].split("</table>")[0]
        assert table.label in section
        assert [c for c in table.columns if f">{c}</code>" not in section] == []
    departments = {one.owner.department for one in contract.load_all(ROOT / "expectations").values()}
    assert len(departments) > 3
    assert [d for d in departments if d not in told] == []


def test_every_column_of_a_view_says_what_it_means() -> None:
    asked = [(view, name) for view, columns in promise.load().items() for name, one in columns.items() if one.stands]
    assert len(asked) > 100
    assert [one for one in asked if not all(export.meaning(*one))] == []
    assert PAGE.index('href="#v1_person"') < PAGE.index('href="#fact_person"') < PAGE.index('href="#audit"')
    assert "Code of the small grid" in PAGE[PAGE.index('<h2 id="v1_person">') :].split("</table>")[0]


def test_a_column_shows_its_codes_its_purpose_and_who_feeds_it() -> None:
    person = PAGE[PAGE.index('<h2 id="fact_person">') :].split("</table>")[0]
    row = next(line for line in person.splitlines() if ">sex</code>" in line)
    assert "<code>male</code> 男" in row
    assert "P-POPULATION" in row
    assert "市公安局" in row


def test_the_page_loads_nothing() -> None:
    assert re.findall(r"(?:src|href)\s*=\s*[\"'](?!#)", PAGE) == []
    assert "url(" not in PAGE
    assert "<script" not in PAGE
