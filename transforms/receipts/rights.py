"""What a department may hear of the entities its rows are of: its rights package (expectations/consumers)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from transforms import database, keys, tables
from transforms.errors import GridfactsError
from transforms.kinds import Kind
from transforms.reader import package as packages
from transforms.reader.export import day_before, token_of
from transforms.reader.package import Package, Share
from transforms.reader.selection import prefix
from transforms.run import Run


@dataclass(frozen=True)
class Rights:
    """A package of which the receipts of a source speak."""

    run: Run
    package: Package

    def share(self, kind: Kind) -> Share | None:
        """What it shows of the kind's entities; None: nothing."""
        return self.package.tables.get(f"v1_{kind.kind}")

    def visible(self, kind: Kind, facts: pd.DataFrame) -> pd.Series:
        """The ids of the entities it shows, of the night's facts of the kind: as the export of that night has them."""
        share, key = self.package.tables[f"v1_{kind.kind}"], facts.columns[0]
        seen = pd.Series(True, index=facts.index)
        if share.divisions:
            seen &= facts["division_code"].fillna("").str.startswith(tuple(map(prefix, share.divisions)))
        if tables.load_all()[kind.table].person:
            seen &= self._old_enough(facts, share.minimum_age or 0)
            seen &= ~facts[key].isin(self._restricted())
        return facts.loc[seen, key]

    def named(self, kind: Kind, entities: pd.Series) -> pd.Series | None:
        """What the consumer knows entities by: its own tokens, or the id where that is shown; None: by nothing."""
        share, field = self.package.tables[f"v1_{kind.kind}"], f"{kind.kind}_id"
        if field not in share.fields:
            return None
        if share.mask.get(field) != "token":
            return entities
        known = keys.load(self.run.settings)
        tokens = {entity: token_of(known, self.package, entity) for entity in entities.dropna().unique()}
        return entities.map(tokens)

    def clear(self, kind: Kind) -> set[str]:
        """The properties it shows as they are: of a masked one not even whose word stands may be told."""
        share = self.package.tables[f"v1_{kind.kind}"]
        plain = {field for field in share.fields if field not in share.mask}
        return plain | {field.removesuffix("_id") for field in plain}

    def _old_enough(self, facts: pd.DataFrame, age: int) -> pd.Series:
        """A birth date known only to the year or month counts from the latest day it may mean (reader/selection.py)."""
        before = day_before(self.run.night)
        born = facts["birth_date"].astype("string")
        surely = born.le(before(age + 1).strip("'"))
        return (surely | (facts["birth_precision"].eq("day") & born.le(before(age).strip("'")))).fillna(False)

    def _restricted(self) -> list[str]:
        told = database.read(database.open_databases(self.run.settings).release, "restricted", ["entity_id", "state"])
        return [one["entity_id"] for one in told.to_pylist() if one["state"] != "lifted"]


def rights(run: Run, source: str) -> Rights | None:
    """The rights under which the receipts of a source speak; None where it has none, or they had ended by the night.

    Raises:
        ConfigError: a package is refused.
    """
    for package in packages.load_all(run.settings.expectations).values():
        if source in package.receipts_of:
            try:
                packages.refuse_expired(package, dt.date.fromisoformat(run.night))
            except GridfactsError:
                return None
            return Rights(run, package)
    return None
