"""The budgets of ``expectations/brakes.yml``: reviewed numbers, no code."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from transforms import yaml_text
from transforms.contract import Strict
from transforms.errors import ConfigError

FILE = "brakes.yml"


class Budget(Strict):
    """One budget.

    Attributes:
        share: of what there was.
        least: up to here nothing is said, however small the whole.
    """

    share: float = Field(ge=0, le=1)
    least: int = Field(ge=0)

    def allowed(self, of: int, before: float = 0.0) -> int:
        """The most that may be: the share of ``of``, on top of a share there was before, and never under ``least``."""
        return max(self.least, int((self.share + before) * of))


class Budgets(Strict):
    """Every budget, by what is counted (README.md)."""

    merges: Budget
    splits: Budget
    departures: Budget
    withdrawals: Budget
    quarantine: Budget
    lost_numbers: Budget
    lost_at_first: Budget
    edges: Budget
    cluster: Budget
    sameness: Budget
    blanks: Budget
    collapse: Budget = Budget(share=0, least=0)  # may be left out: a file from before it was counted stays good


def load(expectations: Path) -> Budgets:
    """Read the budgets of a deployment.

    Raises:
        ConfigError: the file is missing, or a budget is missing, unknown or out of range.
    """
    path = expectations / FILE
    try:
        return Budgets.model_validate(yaml_text.load(path.read_text("utf-8")))
    except OSError:
        raise ConfigError(f"{path} is missing: a night needs its budgets") from None
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigError(f"{path}: " + "; ".join(lines)) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not readable as YAML: {error}") from None
