"""How long what is kept: ``expectations/retention.yml``, reviewed numbers, no code."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from transforms import yaml_text
from transforms.contract import Strict
from transforms.errors import ConfigError

FILE = "retention.yml"
_AUDIT_LEAST = 1095  # three years: what is asked of records of impact assessments, PIPL art. 56


class Days(Strict):
    """A class of things and for how many days each is kept."""

    days: int = Field(ge=1)

    def before(self, night: str) -> str:
        """The last day whose things go on this night."""
        return earlier(night, self.days)


class Deliveries(Days):
    """Deliveries; ``sources``: source → other days."""

    sources: dict[str, int] = Field(default_factory=dict)

    def of(self, source: str, night: str) -> str:
        """The last night in which a delivery of the source was landed that goes on this night."""
        return earlier(night, self.sources.get(source, self.days))


class Quarantine(Days):
    """Quarantined rows; ``open_days``: for how long an open one keeps its delivery."""

    open_days: int = Field(ge=1)


class Audit(Strict):
    """Who looked."""

    days: int = Field(ge=_AUDIT_LEAST)


class ForGood(Strict):
    """What is kept as long as the register."""

    days: None


class Rules(Strict):
    """Every class (README.md)."""

    deliveries: Deliveries
    refused: Days
    nights: Days
    receipts: Days
    quarantine: Quarantine
    vault: Days
    history: ForGood
    audit: Audit


def earlier(night: str, days: int) -> str:
    """The day so many days before a night."""
    return (dt.date.fromisoformat(night) - dt.timedelta(days=days)).isoformat()


def load(expectations: Path) -> Rules:
    """Read the rules of a deployment.

    Raises:
        ConfigError: the file is missing, or a class is missing, unknown or out of range.
    """
    path = expectations / FILE
    try:
        return Rules.model_validate(yaml_text.load(path.read_text("utf-8")))
    except OSError:
        raise ConfigError(f"{path} is missing: retention needs its rules") from None
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigError(f"{path}: " + "; ".join(lines)) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not readable as YAML: {error}") from None
