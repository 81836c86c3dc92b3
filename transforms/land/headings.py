"""Do the file's headings keep the contract's promise? A renamed column is never guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from transforms.errors import RefusedError
from transforms.land.job import Found, Job
from transforms.land.words import shown

_LISTED = 20


def judge(job: Job, headings: Sequence[str], found: Found) -> None:
    """Refuse a head that is not the contract's; remember its unknown columns in ``found``.

    Names of the contract are told; a name the contract does not know is told only when all its own are there,
    because the head of a file without headings is a row of somebody's values.

    Raises:
        RefusedError: ``DUPLICATE_HEADING``, ``OTHER_SOURCE`` or ``SCHEMA`` with every missing name.
    """
    twice = sorted(h for h, n in Counter(headings).items() if n > 1 and h)
    if told := [h for h in twice if h in job.known]:
        raise RefusedError("DUPLICATE_HEADING", f"these columns stand twice: {', '.join(told)}")
    have = set(headings)
    if missing := [h for h in job.landed if h not in have]:
        foreign = 2 * len(missing) > len(job.landed)  # one renamed column does not make it another's file
        for source, theirs in sorted(job.others.items()):
            if foreign and theirs and have.issuperset(theirs):
                raise RefusedError("OTHER_SOURCE", f"these are the columns of {source}, not of this source")
        raise RefusedError("SCHEMA", f"these columns are missing: {', '.join(missing)}")
    if twice:
        raise RefusedError("DUPLICATE_HEADING", f"these columns stand twice: {', '.join(map(shown, twice))}")
    known = set(job.known)
    unknown = [h for h in headings if h not in known]
    found.extras = [shown(h) if h else f"column {headings.index(h) + 1}, without a name" for h in unknown[:_LISTED]]
    if len(unknown) > _LISTED:
        found.extras.append(f"{len(unknown) - _LISTED} more")
