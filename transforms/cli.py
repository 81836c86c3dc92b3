"""The command line ``gridfacts``: every room alone, all of them in order, and the questions people ask afterwards.

Exit codes: 0 well; 1 a night, door or check failed; 2 a setting, contract or argument is wrong.
"""

from __future__ import annotations

import sys
from typing import Any

import click

from transforms.commands import (
    addresses,
    ask,
    contracts,
    demo,
    departments,
    disputes,
    drops,
    hold,
    model,
    night,
    notice,
    places,
    reader,
    replay,
    retain,
    review,
    subjects,
    vault,
)
from transforms.errors import GridfactsError


class _Errors(click.Group):
    """Show our own errors as one clear line and exit with their code."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 (click's own signature)
        try:
            return super().invoke(ctx)
        except GridfactsError as error:
            click.secho(f"gridfacts: {error}", fg="red", err=True)
            sys.exit(error.exit_code)


@click.group(cls=_Errors, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="gridfacts")
def main() -> None:
    """One database of the 四标四实 from a city's departments: every record resolved, traceable, in a grid.

    Settings come from the environment (README, "Settings"): GRIDFACTS_HOME, GRIDFACTS_DATABASE_URL, GRIDFACTS_KEYS ...
    """


COMMANDS = (
    night.run,
    night.room,
    ask.balance,
    ask.checksum,
    ask.evaluate,
    ask.explain,
    ask.summary,
    places.locate,
    places.grid,
    addresses.address,
    review.review_group,
    hold.hold_group,
    model.model_group,
    contracts.contract_group,
    drops.drop_group,
    disputes.dispute_group,
    subjects.subject_group,
    replay.replay,
    retain.retain,
    retain.checkpoint_group,
    departments.receipt_group,
    departments.quarantine_group,
    departments.department_group,
    reader.feed_group,
    reader.rights_group,
    reader.export,
    reader.ask_query,
    reader.audit_group,
    reader.release_group,
    reader.dictionary,
    vault.vault_group,
    demo.demo,
)
for command in COMMANDS:
    main.add_command(command)
reader.feed_group.add_command(notice.notice)
