"""Which feed a copy follows: one consumer's, as far as its rights go, or the whole one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from sqlalchemy.engine import Connection

from transforms import key_marks, keys
from transforms.reader import feed
from transforms.reader.limited import Limited
from transforms.reader.package import Package, refuse_expired
from transforms.run import Settings


def source(
    connection: Connection,
    settings: Settings,
    package: Package | None,
    looked: Callable[[int], object],
    today: dt.date,
) -> feed.Source:
    """The feed under a package, or without one everything.

    Args:
        connection: a reading transaction on the release database.
        settings: whose kinds and keys.
        package: whose rights.
        looked: told how many rows, before they are handed over.
        today: the day on which the rights must still hold.

    Raises:
        GridfactsError: ``EXPIRED``.
        ConfigError: the keys are not those of this deployment.
    """
    if package is None:
        return feed.Whole(connection, feed.followed(settings), looked)
    refuse_expired(package, today)
    key_marks.require(settings)
    return Limited(connection, settings, package, keys.load(settings), looked)
