"""A question of the review queue as text: both records side by side, the evidence, and what an answer would do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from transforms.kinds import Kind
from transforms.wording import Words

if TYPE_CHECKING:
    from transforms.account.nearest import Nearest
    from transforms.explained import Waterfall
    from transforms.review import Item, Told

_LABEL, _LEFT, _TERMINAL = 18, 38, 100  # columns
_MARKS = {True: "=", False: "≠", None: " "}
JOIN = "join"


def item_lines(
    item: Item, kind: Kind, records: tuple[Told, Told], told: Waterfall, near: Nearest, words: Words
) -> list[str]:
    """The lines of an item.

    Args:
        item: the question.
        kind: of both records.
        records: what the left and the right one say.
        told: why they are a pair.
        near: the two entities; of a question whether one belongs, the one entity twice.
        words: of the language.
    """
    from transforms.account import apart_line, folded, waterfall

    sides = (("left", item.left, item.left_entity), ("right", item.right, item.right_entity))
    names = {record: words.say(f"the_{side}") for side, record, _ in sides}
    lines = [words.say(f"review_{item.question}")]
    for (side, record, entity), said in zip(sides, records, strict=True):
        lines.append(f"  {words.say(side, source=said.source, record=record, entity=entity)}")
    lines += [f"  {line}" for line in _values(kind, records, words)]
    first, *rest = waterfall(words, kind, told, names)
    lines += [words.say("evidence"), f"  {first}", *(f"    {line}" for line in rest)]
    if item.question == JOIN:
        lines.append(apart_line(words, kind, near))
    lines += [words.say("answers"), *(f"  {line}" for line in _answers(item, near, words))]
    return [one for line in lines for one in folded(line, _TERMINAL)]


def agreement(records: tuple[Told, Told], name: str) -> bool | None:
    """Both mean the same of a property, or another thing; None: one of them says nothing of it."""
    left, right = (record.means.get(name) for record in records)
    return None if left is None or right is None else left == right


def _values(kind: Kind, records: tuple[Told, Told], words: Words) -> Iterator[str]:
    """Property by property what both say: ``=`` the same, ``≠`` another thing; of a restricted record nothing."""
    from transforms.account import columns, padded

    if any(record.restricted for record in records):
        yield words.say("restricted")
        return
    left, right = records
    for name in (name for name in kind.properties if name in left.says or name in right.says):
        mine, other = (record.says.get(name, words.say("unsaid")) for record in records)
        start = f"{_MARKS[agreement(records, name)]} {padded(words.property(kind, name), _LABEL)} "
        if columns(mine) <= _LEFT:
            yield f"{start}{padded(mine, _LEFT)} {other}"
        else:
            yield from (f"{start}{mine}", f"{padded('', columns(start) + _LEFT)} {other}")


def _answers(item: Item, near: Nearest, words: Words) -> Iterator[str]:
    """What a yes and a no would do."""
    told = {"left": item.left_entity, "right": item.right_entity, "ours": len(near.ours), "theirs": len(near.theirs)}
    for answer in ("yes", "no"):
        yield words.say(f"{answer}_{item.question}", **told)
    yield words.say("unsure")
