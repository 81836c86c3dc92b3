"""What can be wrong with contracts and kinds beyond their schema. An empty list is good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from expectations.purposes import Register
from transforms import code_words, lookups
from transforms import contract as contracts
from transforms import kinds as kind_files
from transforms.contract import Column, Contract
from transforms.errors import ConfigError
from transforms.kinds import Kind, Property

# Suffixes that standardise adds to a property's name (docs/rooms.md), and words that link derives for a kind.
_SUFFIXES = (
    "key", "pinyin", "surname", "trade", "kind", "valid", "token", "near", "birth", "sex", "tokens", "precision",
    "path", "level", "province", "county", "town", "village", "road", "door", "estate", "building", "unit", "floor",
    "room", "group", "relation", "residual", "words",
)  # fmt: skip
_DERIVED = {"cell": ("lon", "lat"), "point": ("lon", "lat"), "path": ("address",)}  # word -> types a kind needs for it


@dataclass(frozen=True)
class _Deployment:
    kinds: Mapping[str, Kind]
    register: Register


def lint(expectations: Path) -> list[str]:
    """Every problem of a deployment's contracts and kinds, as sentences that name file and heading."""
    problems: list[str] = []
    known: dict[str, Kind] = {}
    for path in sorted((expectations / "kinds").glob("*.yml")):
        try:
            known[path.stem] = kind_files.load(path)
        except ConfigError as error:
            problems.append(error.detail)
    deployment = _Deployment(
        known, Register.of(expectations, dt.datetime.now().astimezone().date().isoformat())
    )  # fmt: skip
    problems += [f"lookups/{told}" for told in lookups.problems(expectations / "lookups")]
    for name, kind in known.items():
        problems += [f"kinds/{name}.yml: {problem}" for problem in (*_kind(kind), *_denied(kind, deployment.register))]
    paths, promised = sorted((expectations / "contracts").glob("*.yml")), {}
    for path in paths:
        try:
            contract = contracts.load(path)
        except ConfigError as error:
            problems.append(error.detail)
            continue
        promised[contract.source] = contract
        problems += [f"contracts/{path.name}: {p}" for check in CHECKS for p in check(contract, deployment)]
    problems += [f"lookups/{code_words.NAME}.csv: {told}" for told in _dated(promised, expectations, deployment)]
    return problems if paths and known else [*problems, f"{expectations} holds no contracts or no kinds"]


def _target(deployment: _Deployment, target: str) -> Property | None:
    kind, _, name = target.partition(".")
    return deployment.kinds[kind].properties.get(name) if kind in deployment.kinds else None


def _of_persons(deployment: _Deployment, target: str) -> bool:
    kind = target.partition(".")[0]
    return kind in deployment.kinds and deployment.kinds[kind].personal


def _unknown_targets(contract: Contract, deployment: _Deployment) -> Iterator[str]:
    for kind in contract.feeds:
        if kind not in deployment.kinds:
            yield f"feeds names {kind}, but there is no kinds/{kind}.yml"
    for column in contract.columns:
        for target in column.to:
            if _target(deployment, target) is None:
                yield f"column {column.heading} feeds {target}, a property that does not exist"
    for target in contract.constants:
        if _target(deployment, target) is None:
            yield f"constants name {target}, a property that does not exist"
        elif target.partition(".")[0] not in contract.feeds:
            yield f"constants name {target}, but feeds does not name that kind"


def _fed(contract: Contract) -> set[str]:
    return {target for column in contract.columns for target in column.to} | set(contract.constants)


def _unknown_trust(contract: Contract, deployment: _Deployment) -> Iterator[str]:
    names = {name for kind in contract.feeds if kind in deployment.kinds for name in deployment.kinds[kind].properties}
    for name, points in contract.trust.items():
        if name not in names:
            yield f"trust names {name}, a property of no kind that is fed"
        elif not 0 <= points <= 100:
            yield f"trust of {name} is not between 0 and 100"
    for name in contract.registers.authority_for:
        if name not in names:
            yield f"registers.authority_for names {name}, a property of no kind that is fed"
    if (one := contract.registers.one_live_row_per) and one not in contract.feeds:
        yield f"registers.one_live_row_per names {one}, a kind that is not fed"


def _purposes(contract: Contract, deployment: _Deployment) -> Iterator[str]:
    yield from deployment.register.refused(contract, deployment.kinds)


def _required(contract: Contract, deployment: _Deployment) -> Iterator[str]:
    fed = _fed(contract)
    for name in contract.feeds:
        kind = deployment.kinds.get(name)
        for prop, told in kind.properties.items() if kind else ():
            if told.required and f"{name}.{prop}" not in fed:
                yield f"feeds {name}, but no column or constant feeds its required property {prop}"


def _optional(contract: Contract, deployment: _Deployment) -> Iterator[str]:
    for column in contract.columns:
        for target in column.to:
            prop = _target(deployment, target)
            if column.optional and prop and prop.required:
                yield f"column {column.heading} is optional, but {target} is required: without it every row would wait"


def _coordinates(contract: Contract, deployment: _Deployment) -> Iterator[str]:
    types: dict[str, set[str]] = {}
    for target in sorted(_fed(contract)):
        if prop := _target(deployment, target):
            types.setdefault(target.partition(".")[0], set()).add(prop.type)
    for kind, found in types.items():
        if len(found & {"lon", "lat"}) == 1:
            yield f"{kind} is fed a longitude without a latitude, or the reverse"
    if any(found & {"lon", "lat", "geometry"} for found in types.values()) and contract.arrives.crs is None:
        yield "feeds coordinates, but arrives.crs does not say in which coordinate system"


def _codes(contract: Contract, deployment: _Deployment) -> Iterator[str]:
    for column in contract.columns:
        for target in column.to:
            prop = _target(deployment, target)
            if prop and prop.codes is not None:
                yield from _unknown_words(column, target, prop)
    for target, word in contract.constants.items():
        prop = _target(deployment, target)
        if prop and prop.codes is not None and word not in prop.codes:
            yield f"constant {target} says {word}, a word that its kind does not know"


def _unknown_words(column: Column, target: str, prop: Property) -> Iterator[str]:
    for word in sorted(set((column.codes or {}).values()) - set(prop.codes or {})):
        yield f"column {column.heading} maps to {word}, a word that {target} does not know"


def _dated(promised: Mapping[str, Contract], expectations: Path, deployment: _Deployment) -> Iterator[str]:
    """Dated words of no column, twice on one day, or with a meaning that the column's property does not know."""
    yield from code_words.problems(promised, expectations)
    for line, row in enumerate(lookups.rows(expectations, code_words.NAME), 2):
        columns = promised[row["source"]].columns if row["source"] in promised else ()
        targets = [to for c in columns if c.heading == row["heading"] for to in c.to]
        if any(_of_persons(deployment, to) for to in targets):
            for reason in deployment.register.denied_words({row["word"]: row["means"]}):
                yield f"line {line}: a word on the deny-list ({reason}) cannot be mapped"
        for prop in (_target(deployment, to) for to in targets):
            if prop and prop.type == "document_kind":
                yield f"line {line}: words for kinds of documents hold always: who is to be forgotten is known by them"
            elif prop and prop.codes is not None and row["means"] not in prop.codes:
                yield f"line {line}: {row['means']} is a word that column {row['heading']} does not know"


def _types(contract: Contract, deployment: _Deployment) -> Iterator[str]:
    for column in contract.columns:
        for target in column.to:
            prop = _target(deployment, target)
            if prop and prop.type in ("date", "birth_date") and not column.formats:
                yield f"column {column.heading} feeds the date {target} without formats: dates are never guessed"
            told = column.document_kind or _tells_kind(contract, deployment, target)
            if prop and prop.type == "document" and not told:
                yield f"column {column.heading} feeds {target}, but nothing tells the kind of the document"


def _tells_kind(contract: Contract, deployment: _Deployment, target: str) -> bool:
    kind = deployment.kinds.get(target.partition(".")[0])
    return kind is not None and any(f"{kind.kind}.{name}" in _fed(contract) for name in kind.typed("document_kind"))


CHECKS: tuple[Callable[[Contract, _Deployment], Iterator[str]], ...] = (
    _unknown_targets, _unknown_trust, _purposes, _required, _optional, _coordinates, _codes, _types,
)  # fmt: skip


def _kind(kind: Kind) -> Iterator[str]:
    """A link block that names a column no room makes, or a code property without words."""
    link = kind.link
    named = [(f"link.compare {name}", name) for c in link.compare for name in (*c.property, *c.also)]
    named += [("link.decisive " + link.decisive, link.decisive)] if link.decisive else []
    named += [("link.agree " + link.agree, link.agree)] if link.agree else []
    named += [(f"link.second {link.second}", link.second)] if link.second else []
    named += [(f"link.blocks {name}", name) for block in link.blocks for name in block]
    named += [(f"link.once {name}", name) for block in link.once for name in block]
    for where, name in named:
        if not _is_column(kind, name):
            yield f"{where} names no column of the kind"
    for name, prop in kind.properties.items():
        if prop.type == "code" and not prop.codes:
            yield f"property {name} is a code without words"


def _denied(kind: Kind, register: Register) -> Iterator[str]:
    for name, prop in kind.properties.items() if kind.personal else ():
        for reason in register.denied_words(prop.codes or {}):
            yield f"property {name} has a word on the deny-list ({reason})"


def _is_column(kind: Kind, name: str) -> bool:
    if name in kind.properties:
        return True
    if name in _DERIVED:
        return all(kind.typed(type_) for type_ in _DERIVED[name])
    stems = [name.removesuffix(f"_{suffix}") for suffix in _SUFFIXES if name.endswith(f"_{suffix}")]
    return any(stem in kind.properties for stem in stems)
