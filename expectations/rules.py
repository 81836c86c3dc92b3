"""The rules a source's rows are held against, derived from its contract and the kinds it feeds.

A rule says which heading is judged, by which check (:mod:`expectations.kernels`), and what follows: the row goes into
quarantine, the value is struck as unusable while the row goes on, or it is only noted. A value that cannot be used
counts as missing; so where missing means quarantine, unusable does too.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

from transforms.contract import Column, Contract
from transforms.kinds import Kind, Property
from transforms.run import REPOSITORY

Effect = Literal["quarantine", "strike", "note"]
Severity = Literal["critical", "warning", "info"]
Option = str | int | bool | None | dict[str, str]
SEVERITIES: dict[Effect, Severity] = {"quarantine": "critical", "strike": "warning", "note": "info"}

MAX_BYTES = 64 * 1024
MAX_ADDRESS = 500
FAULT = "FAULT"
_POINT = ("COORDINATE_SWAPPED", "COORDINATE_ZERO", "COORDINATE_RANGE")
# What says that a value cannot be read as its type at all, whatever it was meant to say.
UNREADABLE = ("DATE_INVALID", "NUMBER_RANGE", "ID_FORMAT", "ID_NUMERIC_CELL", "CREDIT_CODE_FORMAT", "PHONE_INVALID",
              "COORDINATE_RANGE")  # fmt: skip
_IDS = ("ID_FORMAT", "ID_DATE", "ID_CHECKSUM", "ID_PRECISION_LOSS")
_CREDIT_CODES = ("CREDIT_CODE_FORMAT", "CREDIT_CODE_CHECKSUM", "CREDIT_CODE_CITIZEN_NUMBER")
_CODED = ("code", "document_kind", "facility_class")
_PATTERNS = {"facility_class": r"\d{4}", "document_kind": r"\d{3}"}  # GB/T 30428.2 classes; GA/T 517 kinds


@dataclass(frozen=True)
class Wording:
    """What people read about a rule: effect where nothing else is said, message and hint for mending."""

    rule: str
    effect: Effect
    severity: Severity
    message_zh: str
    hint_zh: str
    message_en: str


@dataclass(frozen=True)
class Rule:
    """One rule on one heading.

    Attributes:
        id: the rule's name in ``lookups/rules.csv``.
        heading: the heading a finding names; None for a whole line (a land fault).
        effect: what follows.
        check: the check that judges (:data:`expectations.kernels.CHECKS`).
        columns: the headings the check reads, in its order.
        options: the check's arguments.
        raw: True where the landed bytes count, not the cleaned text.
    """

    id: str
    heading: str | None
    effect: Effect
    check: str
    columns: tuple[str, ...]
    options: Mapping[str, Option] = field(default_factory=dict, hash=False)
    raw: bool = False

    @property
    def severity(self) -> Severity:
        """Great Expectations' word for the effect."""
        return SEVERITIES[self.effect]

    @property
    def judgement(self) -> tuple[str, tuple[str, ...], str]:
        """Rules that agree in this are answered by one call of the check."""
        return self.check, self.columns, repr(sorted(self.options.items()))


@lru_cache(maxsize=4)
def wordings(expectations: Path) -> dict[str, Wording]:
    """Rule id → wording, from the deployment's ``lookups/rules.csv``, else the one that comes with gridfacts."""
    own = expectations / "lookups" / "rules.csv"
    path = own if own.is_file() else REPOSITORY / "expectations" / "lookups" / "rules.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["rule"]: Wording(**row) for row in csv.DictReader(file)}  # type: ignore[arg-type]


def derive(
    contract: Contract, kinds: Mapping[str, Kind], as_of: str, denied: Mapping[str, str], towns: Iterable[str] = ()
) -> tuple[Rule, ...]:
    """Every rule of a source, the weightiest first: the first broken one names a quarantined row.

    Args:
        contract: the source's promise.
        kinds: all kinds by name.
        as_of: ISO day of the delivery; births after it are impossible.
        denied: word → reason: what no column may say of a person.
        towns: the nine digits of every town that codes of places may begin with.
    """
    begins = "|".join(towns)
    found: dict[tuple[str, str | None], Rule] = {(FAULT, None): Rule(FAULT, None, "quarantine", "fault", ("fault",))}
    for rule in (*_of_rows(contract), *_of_columns(contract, kinds, as_of, denied, begins)):
        found.setdefault((rule.id, rule.heading), _by_policy(contract, rule))
    return tuple(found.values())


def _by_policy(contract: Contract, rule: Rule) -> Rule:
    """The rule, with the row in quarantine where the contract says so of what would only be struck."""
    policy = contract.on_new_code if rule.id == "CODE_UNKNOWN" else contract.on_type_change
    drifts = rule.id == "CODE_UNKNOWN" or rule.id in UNREADABLE
    waits = drifts and policy == "quarantine" and rule.effect == "strike"
    return replace(rule, effect="quarantine") if waits else rule


def _of_rows(contract: Contract) -> Iterator[Rule]:
    keys = dict.fromkeys([*contract.key, *(h for feed in contract.feeds.values() for h in feed.key)])
    for heading in keys:
        yield Rule("TOTAL_LINE", heading, "quarantine", "total", (heading,))
    for heading in contract.key:
        yield Rule("KEY", heading, "quarantine", "filled", (heading,), {"rule": "KEY"})
    for column in contract.columns:
        if column.required and column.heading not in contract.key:
            yield Rule("REQUIRED", column.heading, "quarantine", "filled", (column.heading,), {"rule": "REQUIRED"})
    for heading in contract.landed_headings:
        yield Rule("CONTROL_CHAR", heading, "quarantine", "control", (heading,), raw=True)


def _of_columns(
    contract: Contract, kinds: Mapping[str, Kind], as_of: str, denied: Mapping[str, str], towns: str
) -> Iterator[Rule]:
    for heading in contract.landed_headings:
        if not _is_geometry(contract, kinds, heading):
            yield Rule("FIELD_TOO_LONG", heading, "quarantine", "fits_bytes", (heading,), {"most": MAX_BYTES}, raw=True)
    for column in contract.columns:
        for kind, prop in _targets(column, kinds):
            yield from _OfColumn(contract, kinds, column, kind, prop, as_of, denied, towns).rules()


def _targets(column: Column, kinds: Mapping[str, Kind]) -> Iterator[tuple[Kind, Property]]:
    for target in column.to:
        kind_name, _, name = target.partition(".")
        kind = kinds.get(kind_name)
        if kind and name in kind.properties:
            yield kind, kind.properties[name]


def _is_geometry(contract: Contract, kinds: Mapping[str, Kind], heading: str) -> bool:
    return any(p.type == "geometry" for c in contract.columns if c.heading == heading for _, p in _targets(c, kinds))


@dataclass(frozen=True)
class _OfColumn:
    """The rules that one column's target brings, by the property's type."""

    contract: Contract
    kinds: Mapping[str, Kind]
    column: Column
    kind: Kind
    prop: Property
    as_of: str
    denied: Mapping[str, str]
    towns: str

    def rules(self) -> Iterator[Rule]:
        # Names and addresses say such words innocently (a hospital, an office for petitions), as do bodies and things.
        if self.denied and self.kind.personal and (self.prop.type in (*_CODED, "text") or self.column.codes):
            yield self._rule("DENIED_VALUE", "denied", "strike", denied=dict(self.denied))
        makers = {
            "name": self._name, "organization_name": self._name, "document": self._document,
            "credit_code": self._credit_code, "phone": self._phone, "date": self._date,
            "birth_date": self._birth, "integer": self._number,
            "decimal": self._number, "address": self._address, "lon": self._point, "lat": self._point,
            "geometry": self._geometry, "code": self._code, "document_kind": self._code, "facility_class": self._code,
            "number": self._code,
        }  # fmt: skip
        if maker := makers.get(self.prop.type):
            yield from maker()
        elif self.column.codes:
            yield from self._code()
        elif self.prop.type in ("text", "old_grid"):  # published as it is
            yield self._rule("PERSON_NUMBER", "person_number", towns=self.towns if self._is_code else "")

    @property
    def _is_code(self) -> bool:
        named = (name for name, prop in self.kind.properties.items() if prop is self.prop)
        return self.prop.type == "old_grid" or any(name.endswith("code") for name in named)

    @property
    def _strike(self) -> Effect:
        needed = self.column.required or any(p.required for _, p in _targets(self.column, self.kinds))
        return "quarantine" if needed else "strike"

    def _rule(
        self, rule: str, check: str, effect: Effect | None = None, others: tuple[str, ...] = (), **options: Option
    ) -> Rule:
        heading = self.column.heading
        return Rule(rule, heading, effect or self._strike, check, (heading, *others), options)

    def _heading_of(self, type_: str) -> Column | None:
        for name, column in self.contract.columns_of(self.kind.kind).items():
            if name in self.kind.properties and self.kind.properties[name].type == type_:
                return column
        return None

    def _name(self) -> Iterator[Rule]:
        yield self._rule("PLACEHOLDER", "name")

    def _document(self) -> Iterator[Rule]:
        others, options = self._document_columns(self.column)
        for rule in ("PLACEHOLDER", *_IDS):
            yield self._rule(rule, "document", None, others, **options)
        yield self._numeric_cell()

    def _document_columns(self, document: Column) -> tuple[tuple[str, ...], dict[str, Option]]:
        """Heading of the document's kind, if it is told row by row, and the options of every check that reads it."""
        told = None if document.document_kind else self._heading_of("document_kind")
        options: dict[str, Option] = {"fixed": document.document_kind, "as_of": self.as_of}
        if told is None:
            return (), options
        return (told.heading,), options | {"kinds": dict(told.codes or {})}

    def _numeric_cell(self) -> Rule:
        heading = self.column.heading
        return Rule("ID_NUMERIC_CELL", heading, self._strike, "numeric", ("numeric",), {"heading": heading})

    def _credit_code(self) -> Iterator[Rule]:
        yield self._rule("PLACEHOLDER", "credit_code")
        for rule in _CREDIT_CODES:
            yield self._rule(rule, "credit_code", self._credit_code_effect(rule))
        yield self._numeric_cell()

    def _credit_code_effect(self, rule: str) -> Effect:
        # Real registered codes fail the check digits now and then, so the registering office's word stands (domain.md
        # section 2.2). What is no code at all, or a citizen's number, is never let through: the code is published.
        authority = "credit_code" in self.contract.registers.authority_for
        return "note" if authority and rule == "CREDIT_CODE_CHECKSUM" else self._strike

    def _phone(self) -> Iterator[Rule]:
        yield self._rule("PLACEHOLDER", "phone")
        yield self._rule("PHONE_INVALID", "phone")

    def _formats(self, column: Column) -> str:
        return "|".join(column.formats or ("%Y-%m-%d",))

    def _date(self) -> Iterator[Rule]:
        yield self._rule("DATE_INVALID", "date", formats=self._formats(self.column))

    def _birth(self) -> Iterator[Rule]:
        formats = self._formats(self.column)
        yield self._rule("DATE_INVALID", "birth", formats=formats, as_of=self.as_of)
        yield self._rule("PLACEHOLDER", "birth", formats=formats, as_of=self.as_of)
        yield self._rule("BIRTH_FUTURE", "birth", "quarantine", formats=formats, as_of=self.as_of)
        yield self._rule("BIRTH_TOO_OLD", "birth", "quarantine", formats=formats, as_of=self.as_of)
        if document := self._heading_of("document"):
            others, options = self._document_columns(document)
            others = (document.heading, *others)
            yield self._rule("BIRTH_DIFFERS_FROM_NUMBER", "birth_of_number", "note", others, **options, formats=formats)

    def _number(self) -> Iterator[Rule]:
        whole = self.prop.type == "integer"
        yield self._rule("NUMBER_RANGE", "number", least=self.prop.min, most=self.prop.max, whole=whole)

    def _address(self) -> Iterator[Rule]:
        yield self._rule("ADDRESS_TOO_LONG", "length", most=MAX_ADDRESS)

    def _point(self) -> Iterator[Rule]:
        other = self._heading_of("lat" if self.prop.type == "lon" else "lon")
        if other is None:
            return
        for rule in (*_POINT, *(() if self.column.required else ("COORDINATE_HALF",))):
            yield self._rule(rule, "point", None, (other.heading,), axis=self.prop.type)

    def _geometry(self) -> Iterator[Rule]:
        yield self._rule("GEOMETRY_INVALID", "geometry")

    def _code(self) -> Iterator[Rule]:
        codes = self.column.codes or self.prop.codes
        if codes:
            yield self._rule("CODE_UNKNOWN", "code", codes=dict(codes))
        elif pattern := self.prop.pattern or _PATTERNS.get(self.prop.type):
            yield self._rule("CODE_UNKNOWN", "code", pattern=pattern)
        if {"male", "female"} <= set(self.prop.codes or {}):
            yield from self._sex_of_number()

    def _sex_of_number(self) -> Iterator[Rule]:
        if document := self._heading_of("document"):
            others, options = self._document_columns(document)
            others = (document.heading, *others)
            codes = dict(self.column.codes or {word: word for word in self.prop.codes or {}})
            yield self._rule("SEX_DIFFERS_FROM_NUMBER", "sex_of_number", "note", others, **options, codes=codes)
