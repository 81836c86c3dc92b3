"""Why two records are one, why two entities are not, and why a value stands: what rooms tell of their own decisions.

Each room says why it did what it did (link, resolve, merge); account gathers and tells it, and review shows it before
a person decides. Nothing here is a document number, a phone or a key: these are said to be the same, never shown.
"""

from __future__ import annotations

from dataclasses import dataclass

TWO_NUMBERS = "number"  # role of a pair that only a person may join: two believed numbers


@dataclass(frozen=True)
class Edge:
    """Why two records stand together, or nearly, in the words of link.

    Attributes:
        left, right: record ids. how: number, key or scored. score: x 10^4. evidence: ``name=exact birth_date=null``.
    """

    left: str
    right: str
    how: str
    score: int
    evidence: str


@dataclass(frozen=True)
class Piece:
    """One comparison of a pair and what it adds.

    Attributes:
        label: what was compared (a property, ``frequency`` ...). level: how it came out; ``null``: not said by both.
        weight: logit, its equal share of what it weighs together with others included.
        parts: the features of the model it is made of, and the whole logit of each.
    """

    label: str
    level: str
    weight: float
    parts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Waterfall:
    """From what is known before anything is compared to the score of a pair.

    Attributes:
        edge: the pair.
        shared: of a number or key the properties that both say alike. document: of a document the code of its kind.
        role: ``anchor``: one of them has a believed number; ``leftover``: neither has; ``number``: both have
            (:data:`TWO_NUMBERS`); None: not scored.
        model: version of the model that weighed it; None where it is no longer at hand, or nothing was weighed.
        intercept: logit before anything is compared. pieces: in the order in which the kind compares; where no model is
            at hand they weigh nothing.
        chance: what the sum comes to, x 10^4: the score, before others have a share in it.
    """

    edge: Edge
    shared: tuple[str, ...] = ()
    document: str | None = None
    role: str | None = None
    model: str | None = None
    intercept: float = 0.0
    pieces: tuple[Piece, ...] = ()
    chance: int | None = None

    @property
    def total(self) -> float:
        """The sum of intercept and pieces: the logit of :attr:`chance`."""
        return self.intercept + sum(piece.weight for piece in self.pieces)


@dataclass(frozen=True)
class Said:
    """What one record says of a property, and where that stands in the order of survivorship.

    Attributes:
        record_id, source: whose word it is. value: the clean value, None where its type is never shown.
        same: it says what the winner says.
        trust: of its contract. since: ISO day. voices: records of the entity that say the same.
        filled: how many properties the record says.
        why: what let it lose (a step of :class:`Choice`, or why it was not asked); None of the winner.
    """

    record_id: str
    source: str
    value: str | None
    same: bool
    trust: int
    since: str
    voices: int
    filled: int
    why: str | None


@dataclass(frozen=True)
class Choice:
    """How the value of a property was chosen.

    Attributes:
        name: the property.
        step: what decided: ``alone``, ``agree`` (all say it), ``trust``, ``newer``, ``voices``, ``fuller``, ``smaller``
            (the written order), ``heard`` (departments together) or ``finer`` (an address that says more).
        said: the winner first, then the others in the order in which they would have won.
    """

    name: str
    step: str
    said: tuple[Said, ...]
