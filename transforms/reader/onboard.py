"""Onboarding: a consumer's own keys with what says who is meant, answered with its tokens.

Under the package's rights: only entities it sees are found, by the ways it names, and one that it may not see is
answered like one that is not there. So that it is no oracle for guessing: a person's document number counts beside the
name only; a number beside two names in one file is not asked for; a file of which too few are found gets no answer at
all; a consumer has a number of rows in its life, counted in the audit, refused files included.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pv
import sqlalchemy as sa

from transforms import database, key_marks, keys, store
from transforms.errors import GridfactsError
from transforms.reader import audit, export, matching
from transforms.reader.package import Onboarding, Package, base_of, refuse_expired
from transforms.run import Settings

KEY = "key"
ANSWERS = "answers.csv"


def onboard(
    settings: Settings, package: Package, name: str, file: Path, out: Path, who: str, today: dt.date
) -> dict[str, int]:
    """Answer a file of own keys.

    Args:
        settings: whose release.
        package: whose rights; ``package.onboarding[name]`` says how.
        name: the view whose entities are meant.
        file: CSV, UTF-8, a column ``key`` and columns of the ways.
        out: a folder that does not exist yet; ``answers.csv`` in it has ``key``, ``answer`` (matched, not_found,
            several) and ``token``, in the order of the file.
        who: the person who asks.
        today: the day on which the rights must still hold.

    Returns:
        Answer → rows.

    Raises:
        GridfactsError: ``NOT_OFFERED``, ``EXPIRED``, ``NO_RELEASE``, ``EXISTS``; ``FILE``, ``COLUMNS``, ``KEYS``: the
            file; ``LIMIT``: more rows than are left; ``GUESSES``: too few of the file are known.
        ConfigError: the keys are not those of this deployment.
        AuditError: the audit row cannot be written; there is no answer.
    """
    if name not in package.onboarding:
        raise GridfactsError("NOT_OFFERED", f"the package of {package.consumer} does not onboard {name}")
    refuse_expired(package, today)
    if out.exists():
        raise GridfactsError("EXISTS", f"{out} is there already; answers are written once")
    how = package.onboarding[name]
    asked = _read(file, how)
    key_marks.require(settings)
    _spend(settings, package, how, len(asked), who)
    found = _found(settings, package, name, asked)
    counts = Counter(found["answer"])
    if counts[matching.MATCHED] + counts[matching.SEVERAL] < how.least_found * len(asked):
        raise GridfactsError("GUESSES", f"under {how.least_found:.0%} of the file is known here: no row is answered")
    with store.output(out) as folder, (folder / ANSWERS).open("w", encoding="utf-8", newline="") as told:
        writer = csv.writer(told, lineterminator="\n")
        writer.writerow((KEY, "answer", "token"))
        writer.writerows(found[[KEY, "answer", "token"]].itertuples(index=False))
    return {answer: counts[answer] for answer in matching.ANSWERS}


def _read(file: Path, how: Onboarding) -> pd.DataFrame:
    """The file as text, one row a key."""
    known = {KEY, *(column for way in how.by for column in way)}
    try:
        with file.open(encoding="utf-8-sig", newline="") as head:
            names = next(csv.reader(head), [])
        types = pv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        )
        asked: pd.DataFrame = pv.read_csv(file, convert_options=types).to_pandas()
    except (OSError, ValueError, csv.Error, pa.ArrowInvalid):
        raise GridfactsError("FILE", f"{file} is no CSV in UTF-8 with as many cells in every row") from None
    if KEY not in names or len(set(names)) < len(names) or not set(names) <= known or len(names) < 2:
        raise GridfactsError("COLUMNS", f"{file}: needed: {KEY} and some of {', '.join(sorted(known - {KEY}))}")
    if asked[KEY].isna().any() or asked[KEY].duplicated().any():
        row = int((asked[KEY].isna() | asked[KEY].duplicated()).to_numpy().argmax()) + 2
        raise GridfactsError("KEYS", f"{file}: row {row}: no key, or one that stands above already")
    return asked


def _spend(settings: Settings, package: Package, how: Onboarding, rows: int, who: str) -> None:
    """Write the look down and refuse it where it is too much; counted again once written, so two at once both count."""
    limit = GridfactsError(
        "LIMIT", f"{package.consumer} may ask for {how.rows} rows in all; this is more than are left"
    )
    if audit.rows_told(settings, "onboard", package.consumer) + rows > how.rows:
        raise limit
    audit.record_read(settings, who=who, action="onboard", kind=package.consumer, purpose=package.purpose, rows=rows)
    if audit.rows_told(settings, "onboard", package.consumer) > how.rows:
        raise limit


def _found(settings: Settings, package: Package, name: str, asked: pd.DataFrame) -> pd.DataFrame:
    known = keys.load(settings)
    with database.reading(database.open_databases(settings).release) as connection:
        night = connection.scalar(sa.text("SELECT night FROM release ORDER BY release DESC LIMIT 1"))
        if night is None:
            raise GridfactsError("NO_RELEASE", "nothing was published yet")
        ways = package.onboarding[name].by
        seen = matching.seen(connection, package, name, ways, export.day_before(str(night)))
    found = matching.match(asked, seen, ways, known)
    tell = export.teller(base_of(name).key[0], package.tables[name], package, known)
    told = found["entity"].dropna().unique()
    tokens = {entity: tell(entity) if tell else entity for entity in told}
    return found.assign(token=found["entity"].map(tokens).astype(object).where(found["entity"].notna(), ""))
