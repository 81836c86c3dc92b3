"""A waterfall as lines of text: what each piece of evidence adds, a bar beside it, the sum and what it comes to."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping

from transforms.explained import Piece, Waterfall
from transforms.kinds import Kind
from transforms.wording import Words

_SCALE = 10_000
_BAR, _WIDTH = 24, 44  # characters of the longest bar, and of what stands before the number
_DEEPER, _CLOSING = 4, "，。；：、）"  # of lines that go on; what no line may begin with
_PLAIN = 8.0  # logits of a whole bar, where nothing in the waterfall weighs more


def waterfall(words: Words, kind: Kind, told: Waterfall, names: Mapping[str, str]) -> list[str]:
    """The lines of one pair, the first of them its summary.

    Args:
        words: of the language.
        kind: of both records.
        told: as link tells it.
        names: record id → what it is called in the lines.
    """
    edge = told.edge
    left, right = (names.get(end) or words.say("another", record=end) for end in (edge.left, edge.right))
    how = words.of("how", edge.how) if told.role else _sure(words, kind, told)
    line = words.say("pair", left=left, right=right, how=how)
    if told.role is None:
        return [line]
    line += words.comma + words.say("score", score=f"{edge.score / _SCALE:.4f}")
    weak = words.say("weak") if edge.score < kind.link.accept else ""
    return [line + weak, words.of("role", told.role), *_pieces(words, kind, told)]


def _sure(words: Words, kind: Kind, told: Waterfall) -> str:
    """The number or key that both say, by what it is called."""
    names = [words.property(kind, name) for name in told.shared]
    if told.document is not None:
        names[0] = words.say("document", what=names[0], kind=words.of("document_kind", told.document))
    return words.say("sure", what=words.listed(names)) if names else words.of("how", told.edge.how)


def _pieces(words: Words, kind: Kind, told: Waterfall) -> Iterator[str]:
    if told.chance is None:
        yield words.say("unweighed")
        yield from (f"  {_named(words, kind, piece)}" for piece in told.pieces)
        return
    longest = max(_PLAIN, abs(told.intercept), *(abs(piece.weight) for piece in told.pieces))
    yield words.say("model", model=told.model)
    yield _line(words.say("intercept"), told.intercept, longest)
    for piece in told.pieces:
        yield _line(_named(words, kind, piece), piece.weight, longest)
    line = words.say("sum", total=f"{told.total:+.2f}", chance=f"{told.chance / _SCALE:.4f}")
    if told.chance != told.edge.score:
        put = "asked" if told.edge.score == kind.link.accept - 1 else "final"
        line += words.say(put, score=f"{told.edge.score / _SCALE:.4f}")
    yield f"  {line}"


def _named(words: Words, kind: Kind, piece: Piece) -> str:
    using = next((c.using for c in kind.link.compare if c.label == piece.label), piece.label)
    level = words.of("level", piece.level if piece.level == "null" else f"{using}.{piece.level}")
    return f"{words.property(kind, piece.label)}{words.colon}{level}"


def _line(text: str, weight: float, longest: float) -> str:
    bar = ("+" if weight > 0 else "-") * round(abs(weight) / longest * _BAR)
    return f"  {padded(text, _WIDTH)} {weight:+7.2f}  {bar}".rstrip()


def padded(text: str, width: int) -> str:
    """The text and blanks behind it; a Chinese character is two columns wide."""
    return text + " " * (width - columns(text))


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(1 + _wide(one) for one in text)


def _wide(one: str) -> bool:
    return unicodedata.east_asian_width(one) in "WF"


def _may_break(before: str, behind: str) -> bool:
    """A line may end between two characters: at a blank, and between two Chinese ones."""
    return behind == " " or (_wide(before) and _wide(behind) and behind not in _CLOSING and before != "（")


def folded(line: str, width: int) -> list[str]:
    """A line as lines of no more columns, those after the first indented further; a word that is too long stays whole.

    Args:
        line: the text.
        width: columns of the terminal.
    """
    indent = " " * (len(line) - len(line.lstrip()) + _DEEPER)
    found, rest = [], line
    while columns(rest) > width:
        lead = len(rest) - len(rest.lstrip())
        may = [at for at in range(lead + 1, len(rest)) if _may_break(rest[at - 1], rest[at])]
        fits = [at for at in may if columns(rest[:at]) <= width]
        if not may:
            break
        at = fits[-1] if fits else may[0]
        found.append(rest[:at].rstrip())
        rest = indent + rest[at:].lstrip()
    return [*found, rest]
