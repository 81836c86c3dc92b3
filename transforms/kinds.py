"""Kinds: what an entity type is, which properties it has, how it is resolved. Meaning lives here, once."""

from __future__ import annotations

import builtins
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError

from transforms import yaml_text
from transforms.contract import Strict, Targets
from transforms.errors import ConfigError

FREE_TEXT = ("address", "name", "organization_name")  # types of cells into which people write numbers of persons
NEVER_SHOWN = ("document", "number", "phone", "credit_code", "key", "geometry")  # types whose words no page repeats
STAGES = ("place", "organization", "thing", "person", "household")
LANES = (("person", "household"), ("organization", "thing"))  # once places stand: no lane reads what another leaves


def rooms_of(stage: str) -> tuple[str, ...]:
    """The rooms a stage goes through, in order: places are their own library, so they locate once resolved."""
    return ("link", "resolve", "locate", "merge") if stage == "place" else ("locate", "link", "resolve", "merge")


Type = Literal[
    "text", "name", "organization_name", "document", "document_kind", "credit_code", "phone", "date", "birth_date",
    "code", "integer", "decimal", "address", "lon", "lat", "geometry", "key", "facility_class",
    "old_grid", "number",
]  # fmt: skip


class Property(Strict):
    """One property of a kind: its type decides how it is checked and standardised.

    Attributes:
        pattern: of a number that is no resident's (RE2, whole value): what it looks like; others are struck.
    """

    type: Type
    label: str
    required: bool = False
    key: bool = False
    personal: bool = False
    vault: bool = False
    codes: dict[str, str] | None = None
    min: int | None = None
    max: int | None = None
    level: str | None = None
    pattern: str | None = None


class Compare(Strict):
    """How two records are compared on one thing they may say.

    Attributes:
        property: the property, or several whose values are pooled (a name and a former name).
        using: which kernel turns two values into a level (transforms/link/README.md lists them).
        also: further clean columns whose values count only while the record's number is trusted
            (the birth date embedded in it).
    """

    property: Targets
    using: Literal[
        "name", "organization_name", "date", "equal", "tokens", "address", "beside", "text", "near", "distance",
        "spelling", "digits", "words",
    ] = Field(alias="as")  # fmt: skip
    also: tuple[str, ...] = ()

    @builtins.property
    def label(self) -> str:
        """The word under which evidence and model speak of it: the first property."""
        return self.property[0]


class Link(Strict):
    """How records of a kind find each other; ``decisive`` alone means: same value, same entity.

    Attributes:
        decisive: the property (or clean column) whose equal values join records.
        second: another number of the thing: what one source lists twice under it is one, though under two decisive
            values (transforms/second.py).
        agree: the compared name that must agree before a shared decisive value is believed; and in which, where the
            ``records`` teach, half of what a scorer joins may not differ wholly.
        blocks: each a tuple of clean columns or compared properties; records that share all of them are candidates.
        once: of kinds with a certain key: like ``blocks``, but they join only where no source says them of two records.
        compare: the comparison vector of a candidate pair.
        never: words of transforms/resolve/README.md: unions that are refused.
        accept: score x 10^4 from which a scored pair may join two clusters.
        review: score x 10^4 from which a pair is worth a person's look (and is handed over by link).
        learn: what trains a scorer where no frozen model knows the kind: ``numbers`` that were hidden, or the
            ``records`` alone (expectation maximisation), where no number can be trusted.
        largest: of ``learn: records``: how many records one entity may have; a training that joins more has collapsed.
    """

    decisive: str | None = None
    agree: str | None = None
    second: str | None = None
    blocks: tuple[tuple[str, ...], ...] = ()
    once: tuple[tuple[str, ...], ...] = ()
    compare: tuple[Compare, ...] = ()
    never: tuple[str, ...] = ()
    accept: int = Field(default=5000, ge=1, le=10000)
    review: int = Field(default=2000, ge=1, le=10000)
    learn: Literal["numbers", "records"] = "numbers"
    largest: int = Field(default=60, ge=2)


class Heard(Strict):
    """An address on which departments are heard together (transforms/merge/agreement.py).

    Attributes:
        property: the address; each source speaks with its contract's trust.
        also: other addresses of the record that speak for a place, with the trust they add.
        alone: trust from which a source saw for itself: its word stands whatever the others say.
    """

    property: str
    also: dict[str, int] = Field(default_factory=dict)
    alone: int = Field(default=80, ge=1, le=100)


class Kind(Strict):
    """An entity type.

    Attributes:
        proposed_by: of addresses, how many departments must name a door that no register names for it to be a proposed
            node (transforms/proposed.py); null: it is none.
    """

    kind: str
    label: str
    stage: Literal["place", "organization", "thing", "person", "household"]
    order: int
    table: str
    certainty: Literal["key", "scored"]
    properties: dict[str, Property]
    link: Link
    heard: Heard | None = None
    proposed_by: int | None = Field(default=None, ge=2)

    @property
    def personal(self) -> bool:
        """Whether its records tell of persons, so that the deny-list is asked of what they say."""
        return self.stage in ("person", "household")

    def typed(self, *types: str) -> list[str]:
        """Names of the properties of the given types, in the file's order."""
        return [name for name, p in self.properties.items() if p.type in types]

    def token_of(self, name: str) -> str:
        """The clean column that says the same of two records: documents and numbers stand there as tokens alone."""
        return f"{name}_token" if name in self.typed("document", "number") else name


def load(path: Path) -> Kind:
    """Read one kind.

    Raises:
        ConfigError: naming the file, the field and what is wrong with it.
    """
    try:
        kind = Kind.model_validate(yaml_text.load(path.read_text("utf-8")))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'kind'}: {e['msg']}" for e in error.errors()]
        raise ConfigError(f"{path}: " + "; ".join(lines)) from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not readable as YAML: {error}") from None
    if kind.kind != path.stem:
        raise ConfigError(f"{path}: kind is {kind.kind!r} but the file's stem is {path.stem!r}")
    return kind


@lru_cache(maxsize=4)
def load_all(expectations: Path) -> dict[str, Kind]:
    """Every kind of a deployment by name, in the order in which they are resolved.

    Raises:
        ConfigError: the folder holds none, or one of them is wrong.
    """
    paths = sorted((expectations / "kinds").glob("*.yml"))
    if not paths:
        raise ConfigError(f"{expectations / 'kinds'} holds no kind")
    kinds = sorted((load(path) for path in paths), key=lambda k: (k.order, k.kind))
    return {kind.kind: kind for kind in kinds}
