"""``gridfacts contract``: what a data engineer does with the promises of the sources."""

from __future__ import annotations

import sys

import click

from transforms import contract
from transforms.commands.options import json_option, show
from transforms.run import Settings


@click.group(name="contract")
def contract_group() -> None:
    """Contracts: the promises of the sources."""


@contract_group.command()
@json_option
def lint(*, as_json: bool) -> None:
    """Check every contract, kind and lookup of this deployment."""
    from expectations.lint import lint as problems_of

    settings = Settings.from_environment()
    problems = problems_of(settings.expectations)
    good = f"{len(contract.load_all(settings.expectations))} contracts are good"
    show({"problems": problems}, "\n".join(problems) or good, as_json=as_json)
    sys.exit(2 if problems else 0)
