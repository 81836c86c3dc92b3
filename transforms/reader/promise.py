"""What ``v1`` promises to those who build on it: sql/promise.yml, every column of every view, and how one may go.

Additive only. A column that must go is deprecated first, with the day until which it stays, at least a year on; its
line stays for good and says when it went. A test holds the real views equal to the file, on both databases.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from transforms import tables
from transforms.errors import ConfigError

NOTICE = dt.timedelta(days=365)  # between the day a column is deprecated and the day it may go
_PATH = tables.SQL / "promise.yml"
_ADDED = tables.SQL / "view_columns.yml"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Deprecated(_Strict):
    """A column that will go.

    Attributes:
        told: the day readers were told. until: the day to which it stays.
        instead: what to use in its place.
        gone: the day it went; null while it is there.
    """

    told: dt.date
    until: dt.date
    instead: str = Field(min_length=2)
    gone: dt.date | None = None

    @model_validator(mode="after")
    def _in_time(self) -> Deprecated:
        if self.until < self.told + NOTICE:
            raise ValueError(f"until is sooner than {NOTICE.days} days after told")
        if self.gone is not None and self.gone <= self.until:
            raise ValueError("gone before until")
        return self


class Meaning(_Strict):
    """What a column means: its Chinese label, and a sentence."""

    label: str = Field(min_length=2)
    description: str = Field(min_length=10)


class Promised(_Strict):
    """One column of a view: its type, the day since which it is promised, and whether it will go."""

    type: tables.Type
    since: dt.date
    deprecated: Deprecated | None = None

    @property
    def stands(self) -> bool:
        """Whether the view has the column."""
        return self.deprecated is None or self.deprecated.gone is None

    @property
    def notice(self) -> str:
        """What to tell of a column that will go; empty where it stays."""
        if self.deprecated is None or not self.stands:
            return ""
        return f"deprecated {self.deprecated.told}, stays until {self.deprecated.until}: {self.deprecated.instead}"


@lru_cache(maxsize=1)
def load() -> dict[str, dict[str, Promised]]:
    """View → column → what is promised of it.

    Raises:
        ConfigError: the file is wrong; it names view and column.
    """
    return read(_PATH.read_text("utf-8"))


@lru_cache(maxsize=1)
def added() -> dict[str, Meaning]:
    """What the columns mean that views have and no table (sql/view_columns.yml)."""
    return {name: Meaning.model_validate(one) for name, one in yaml.safe_load(_ADDED.read_text("utf-8")).items()}


def read(text: str) -> dict[str, dict[str, Promised]]:
    """The text of such a file.

    Raises:
        ConfigError: it is wrong; it names view and column.
    """
    found: dict[str, dict[str, Promised]] = {}
    for view, columns in yaml.safe_load(text).items():
        for column, told in columns.items():
            try:
                found.setdefault(view, {})[column] = Promised.model_validate(told)
            except ValidationError as error:
                lines = "; ".join(str(one["msg"]) for one in error.errors())
                raise ConfigError(f"{_PATH}: {view}.{column}: {lines}") from None
    return found
