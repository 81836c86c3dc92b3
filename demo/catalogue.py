"""The faults that the city was asked to have, and which departments have them at which rate.

`data/faults.csv` lists them (asked: the section of the lists that were collected from real files; sort: how it can be
seen). `FAULTS.md` is this table made readable: `python -m demo.catalogue > demo/FAULTS.md`.
"""

from __future__ import annotations

import pandas as pd

from demo.config import all_rates, broken_files, error_names, table

SORTS = {
    "error": "of rows: named in the truth of each row it struck, at a rate of `rates.yml`",
    "file": "of whole files: sent before the sound file on the second night, named in every row of its truth",
    "event": "of a night: in `truth/events.parquet`",
    "shape": "of the files as such, or of the people and places: no error, and always there",
}


def faults() -> pd.DataFrame:
    """Columns asked, fault, sort, name.

    Raises:
        ValueError: an unknown sort, or one line twice.
    """
    listed = table("faults")
    if unknown := set(listed["sort"]) - set(SORTS):
        raise ValueError(f"faults.csv: unknown sorts {', '.join(sorted(unknown))}")
    if listed.duplicated(["asked", "name"]).any():
        raise ValueError("faults.csv: a fault is listed twice")
    return listed


def told_by(sort: str, name: str) -> dict[str, float]:
    """The departments that have a fault and its rate there; of files their number; empty for events and shapes."""
    if sort == "error":
        return {source: all_rates()[source][name] for source, names in error_names().items() if name in names}
    if sort == "file":
        return {source: float(names.count(name)) for source, names in broken_files().items() if name in names}
    return {}


def markdown() -> str:
    """The table for readers."""
    lines = [
        "# The faults of the sample city",
        "",
        "Made by `python -m demo.catalogue`; do not edit. What was asked for is in `data/faults.csv`, the rates are in",
        "`rates.yml`. *domain 8* is the checklist of a real deployment's files, *faults* the catalogue of what goes",
        "wrong with files (C text files, D spreadsheets, F meaning of rows), *sample city* what the city itself needs.",
        "",
        *(f"* **{sort}**: {text}" for sort, text in SORTS.items()),
        "",
        "| asked | fault | sort | name | departments and rates |",
        "|---|---|---|---|---|",
    ]
    for row in faults().itertuples(index=False):
        where = ", ".join(
            f"{source} {rate:g}" for source, rate in sorted(told_by(str(row.sort), str(row.name)).items())
        )
        lines.append(f"| {row.asked} | {row.fault} | {row.sort} | {row.name} | {where} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")  # noqa: T201
