"""Do the file's headings keep the contract's promise? A renamed column is never guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from transforms.errors import RefusedError
from transforms.land.job import Found, Job
from transforms.land.json_text import RowFaultError
from transforms.land.words import shown

_LISTED = 20


class AbsentError(Exception):
    """Only columns that may be missing are missing: the file is to be read without them."""

    def __init__(self, headings: Sequence[str]) -> None:
        """Remember the headings."""
        super().__init__()
        self.headings = tuple(headings)


def judge(job: Job, headings: Sequence[str], found: Found) -> list[str]:
    """The headings in the contract's words; a head that is not the contract's is refused.

    A column under one of its aliases is the contract's; ``found`` remembers these and the unknown columns.

    Names of the contract are told; a name the contract does not know is told only when all its own are there,
    because the head of a file without headings is a row of somebody's values.

    Raises:
        RefusedError: ``DUPLICATE_HEADING``, ``OTHER_SOURCE`` or ``SCHEMA`` with every missing name.
        AbsentError: what is missing is optional.
    """
    found.renamed = {job.aliases[h]: h for h in headings if h in job.aliases}
    headings = [job.aliases.get(h, h) for h in headings]
    twice = sorted(h for h, n in Counter(headings).items() if n > 1 and h)
    if told := [h for h in twice if h in job.known]:
        raise RefusedError("DUPLICATE_HEADING", f"these columns stand twice: {', '.join(told)}")
    have = set(headings)
    if missing := [h for h in job.landed if h not in have]:
        foreign = 2 * len(missing) > len(job.landed)  # one renamed column does not make it another's file
        for source, theirs in sorted(job.others.items()):
            if foreign and theirs and have.issuperset(theirs):
                raise RefusedError("OTHER_SOURCE", f"these are the columns of {source}, not of this source")
        if needed := [h for h in missing if h not in job.optional]:
            missing = needed
        else:
            raise AbsentError(missing)
        raise RefusedError("SCHEMA", f"these columns are missing: {', '.join(missing)}")
    if twice:
        raise RefusedError("DUPLICATE_HEADING", f"these columns stand twice: {', '.join(map(shown, twice))}")
    known = set(job.known)
    unknown = [h for h in headings if h not in known]
    found.extras = [shown(h) if h else f"column {headings.index(h) + 1}, without a name" for h in unknown[:_LISTED]]
    if len(unknown) > _LISTED:
        found.extras.append(f"{len(unknown) - _LISTED} more")
    return headings


def told_names(job: Job, seen: Mapping[str, None]) -> list[str]:
    """The names that rows used, an alias only where no row used the column's own name."""
    return [name for name in seen if job.aliases.get(name) not in seen]


def told_once(job: Job, row: Mapping[str, str | None]) -> None:
    """A row may not tell a column under two of its names.

    Raises:
        RowFaultError: ``DUPLICATE_KEY``.
    """
    if job.aliases and len({job.aliases.get(name, name) for name in row}) != len(row):
        raise RowFaultError("DUPLICATE_KEY")


def row_of(job: Job, row: Mapping[str, str | None]) -> tuple[str | None, ...]:
    """The landed values of a row that names its columns itself, in the job's order."""
    if job.aliases:
        row = {job.aliases.get(name, name): value for name, value in row.items()}
    return tuple(row.get(heading) for heading in job.landed)
