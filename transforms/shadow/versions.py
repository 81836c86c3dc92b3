"""Promotions: which model is in use since when and by whose word; the one before stays below it.

The file ``model.json`` is the truth (:mod:`transforms.frozen`). A promotion is written into control first and then into
the file, a retirement into the file first and then into control: killed in between, control says more than the file
holds, and :func:`settle` retires that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from transforms import database, frozen
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.frozen import Kinds
from transforms.run import Settings

_TABLE = "model"
_NOBODY = "gridfacts"  # control followed the file, no person decided
Row = dict[str, Any]


def promotions(stores: Databases) -> list[Row]:
    """Every promotion there ever was, in order; those without ``retired_at`` lie one upon the other, the last on top.

    Raises:
        DatabaseError: control cannot be read.
    """
    rows: list[Row] = database.read(stores.control, _TABLE).to_pylist()
    return sorted(rows, key=lambda row: int(row["model_id"]))


def settle(settings: Settings, stores: Databases) -> list[Row]:
    """Bring control up to the file: what stands above what the file holds never came into use, or was taken away.

    A file that no promotion wrote lies above all of them and changes none.

    Returns:
        The promotions that stand.
    """
    rows = [row for row in promotions(stores) if row["retired_at"] is None]
    held = _held(settings)
    versions = [None, *(row["version"] for row in rows)]
    if held not in versions:
        return rows
    place = len(versions) - 1 - versions[::-1].index(held)
    for row in rows[place:]:
        _retire(stores, row, _NOBODY, f"{frozen.FILE} holds another: cut short, or put back by hand")
    return rows[:place]


def in_use(settings: Settings, stores: Databases) -> Row | None:
    """The promotion that holds now; None: the shipped model, or a file that nobody promoted."""
    rows = settle(settings, stores)
    return rows[-1] if rows and rows[-1]["version"] == _held(settings) else None


def promote(
    settings: Settings, stores: Databases, shipped: Path, chosen: Kinds, night: str | None, by: str, reason: str
) -> Row:
    """Put kinds in use: they replace those of the model in use, all others stay as they are there.

    Args:
        settings: of the deployment.
        stores: its databases.
        shipped: the model that comes with the package.
        chosen: what is promoted.
        night: which trained it; None: it came as a file.
        by: who promotes it.
        reason: why.

    Returns:
        The promotion.

    Raises:
        GridfactsError: ``NOBODY``: no name or reason. ``DECIDED``: this model is in use.
        ConfigError: the file in use is no model.
        DatabaseError: control cannot be written.
    """
    _named(by, reason)
    file = frozen.path(settings.home)
    _, before = frozen.read(file if file.is_file() else shipped)
    kinds = before | chosen
    if frozen.version_of(kinds) == frozen.version_of(before):
        raise GridfactsError("DECIDED", f"model {frozen.version_of(kinds)} is in use already")
    _adopt(settings, stores, by)
    row = _append(stores, kinds, ",".join(sorted(chosen)), night, by, reason)
    frozen.put(settings.home, row["content"])
    return row


def retire(settings: Settings, stores: Databases, by: str, reason: str) -> tuple[Row, Row | None]:
    """Go back to the model before.

    Returns:
        What was in use, and what is now; None: the shipped model.

    Raises:
        GridfactsError: ``NOBODY``: no name or reason. ``NOT_FOUND``: the shipped model is in use.
        DatabaseError: control cannot be written.
    """
    _named(by, reason)
    _adopt(settings, stores, by)
    rows = settle(settings, stores)
    if not rows:
        raise GridfactsError("NOT_FOUND", "the shipped model is in use: there is none before it")
    former = rows[-2] if len(rows) > 1 else None
    frozen.put(settings.home, former["content"] if former else None)
    _retire(stores, rows[-1], by, reason)
    return rows[-1], former


def put_back(settings: Settings, stores: Databases) -> Row | None:
    """Into a new home without a model: the one that stands in control, which came back from a checkpoint."""
    rows = [row for row in promotions(stores) if row["retired_at"] is None]
    if not rows or frozen.path(settings.home).is_file():
        return None
    frozen.put(settings.home, rows[-1]["content"])
    return rows[-1]


def _held(settings: Settings) -> str | None:
    """The version of what the file holds, by its content; None: there is no file."""
    file = frozen.path(settings.home)
    return frozen.version_of(frozen.read(file)[1]) if file.is_file() else None


def _named(by: str, reason: str) -> None:
    if not by.strip() or not reason.strip():
        raise GridfactsError("NOBODY", "a decision needs the name of who decides, and why")


def _adopt(settings: Settings, stores: Databases, by: str) -> None:
    """A file that no promotion wrote becomes one, so that one can go back to it."""
    rows, file = settle(settings, stores), frozen.path(settings.home)
    if file.is_file() and (not rows or rows[-1]["version"] != _held(settings)):
        version, kinds = frozen.read(file)
        _append(stores, kinds, ",".join(sorted(kinds)), None, by, f"found in place as {version}")


def _append(stores: Databases, kinds: Kinds, replaced: str, night: str | None, by: str, reason: str) -> Row:
    with database.deciding(stores.control, _TABLE) as (connection, table):
        number = int(connection.scalar(sa.select(sa.func.max(table.c.model_id))) or 0) + 1
        row: Row = {
            "model_id": number, "version": frozen.version_of(kinds), "kinds": replaced, "trained_night": night,
            "content": frozen.text_of(kinds), "decided_by": by, "decided_at": database.moment(), "reason": reason,
        }  # fmt: skip
        connection.execute(sa.insert(table).values(**row))
    return row


def _retire(stores: Databases, row: Row, by: str, reason: str) -> None:
    with database.deciding(stores.control, _TABLE) as (connection, table):
        one = sa.and_(table.c.model_id == row["model_id"], table.c.retired_at.is_(None))
        word = {"retired_by": by, "retired_at": database.moment(), "retired_reason": reason}
        connection.execute(sa.update(table).where(one).values(**word))
