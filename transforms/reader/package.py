"""Rights packages: what one consumer may see, why, until when and who approved it. expectations/consumers/<name>.yml.

Strict: an unknown key is an error. A package that would leak is refused when it is read, not when it is used.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Container
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from transforms import tables
from transforms.errors import ConfigError, GridfactsError

SMALL_CELL = 5  # design.md section 6: counts under it are never shown
CHILD = 14  # PIPL article 31: personal information of minors under 14 is sensitive
POINTING = ("rel_person_house", "vault_identifier")  # their rows follow the natural person they point to
_JOINABLE = ("person_id", "household_id", "entity_id")  # a consumer gets its own tokens of them
Mask = Literal["token", "year", "surname", "town"]
REVIEWED = "v1_disputed"  # its rows follow the other views of a package: entities and properties that these show
_BASES = {"v1_disputed": "disputed", "v1_place": "place_grid", "v1_source": "source_state"}  # others: their own name
_OF_PEOPLE = ("v1_person", "v1_household")
_OF_NOBODY = ("v1_household", REVIEWED)  # no row of theirs is a person that the package does not show elsewhere
_OFFERED = ("rel_person_house", "rel_org_premises", "stat_grid", "vault_identifier")
_HIDDEN = ("provenance", "record_id", "ciphertext", "key_id", "token")
_COLUMN = re.compile(r"^  (?:(?:CASE .*|.*?) AS (?P<alias>\w+)|\w+\.(?P<name>\w+)),?$", re.MULTILINE)
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,40}$")]
Code = Annotated[str, Field(pattern=r"^[0-9]{12}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Share(_Strict):
    """What is seen of one view or table.

    Attributes:
        fields: the columns, in this order; ``vault_identifier`` offers ``number`` (the deciphered value) as well.
        mask: field → how it is coarsened or replaced.
        divisions: only rows in these divisions (12-digit codes of any level); empty: all.
        minimum_age: only natural persons known to be at least so old on the night of the release.
    """

    fields: tuple[Name, ...] = Field(min_length=1)
    mask: dict[Name, Mask] = {}
    divisions: tuple[Code, ...] = ()
    minimum_age: int | None = None

    @property
    def personal(self) -> bool:
        """True where a row is, or points to, one natural person."""
        return any(key in self.fields for key in personal_keys()) or "number" in self.fields


class Onboarding(_Strict):
    """How a consumer's own keys are answered with its tokens (transforms/reader/onboard.py).

    Attributes:
        by: the columns that together say who is meant, the surest way first; ``document`` is a document number.
        rows: how many rows the consumer may ever ask for.
        least_found: of a file, the share that must be found; below it nothing of the file is answered.
    """

    by: tuple[tuple[Name, ...], ...] = Field(min_length=1)
    rows: int = Field(ge=1)
    least_found: float = Field(default=0.5, ge=0.5, le=1.0)


class Package(_Strict):
    """A rights package.

    Attributes:
        receipts_of: the sources of a department that is this consumer: their receipts tell what the package shows of
            the entities that their own rows are of.
    """

    consumer: Name
    label: str = Field(min_length=2)
    purpose: str = Field(min_length=4)
    legal_basis: str = Field(min_length=4)
    approver: str = Field(min_length=2)
    expires: dt.date
    threshold: int = SMALL_CELL
    tables: dict[Name, Share] = Field(min_length=1)
    onboarding: dict[Name, Onboarding] = {}
    receipts_of: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _leaks_nothing(self) -> Package:
        if found := list(leaks(self)):
            raise ValueError("; ".join(found))
        return self


def leaks(package: Package) -> list[str]:
    """Every reason to refuse a package, each with its code."""
    found = []
    if package.threshold < SMALL_CELL:
        found.append(f"SMALL_CELLS: threshold is under {SMALL_CELL}")
    for name, share in package.tables.items():
        found += _wrong_names(name, share)
        found += [f"{name}: {reason}" for reason in _leaks_of(name, share, package.tables)]
    if REVIEWED in package.tables and not reviewed(package):
        found.append(f"{REVIEWED}: NOT_SHARED: the package shows no view of which a value could be under review")
    numbers = any("number" in share.fields for share in package.tables.values())
    if numbers and any("birth_date" in share.fields for share in package.tables.values()):
        found.append("NUMBER_AND_BIRTH: document numbers beside birth dates")
    for name, onboarding in package.onboarding.items():
        found += [f"onboarding.{name}: {reason}" for reason in _leaks_in(package, name, onboarding)]
    return found


def _leaks_in(package: Package, name: str, onboarding: Onboarding) -> list[str]:
    """Whoever may match by a value can guess it: so only by values that are seen anyway, or by a whole number."""
    share = package.tables.get(name)
    key = f"{name.removeprefix('v1_')}_id"
    if share is None or not name.startswith("v1_") or key not in share.fields:
        return [f"NOT_SHARED: {key} is not among the fields of {name}"]
    clear = [field for field in share.fields if field not in share.mask and field in base_of(name).columns]
    found = []
    for way in onboarding.by:
        if "document" in way and ("name" not in way or name != "v1_person"):
            found.append("GUESSABLE: a document number counts beside the person's name only")
        if hidden := [one for one in way if one not in clear and not (one == "name" and "document" in way)
                      and one != "document"]:  # fmt: skip
            found.append(f"GUESSABLE: {', '.join(hidden)}: not shared in clear, so it could be guessed")
    return found


def _wrong_names(name: str, share: Share) -> list[str]:
    if name not in offered():
        return [f"{name}: NOT_OFFERED: no such view or table for readers"]
    unknown = [field for field in share.fields if field not in columns(name)]
    masked = [field for field in share.mask if field not in share.fields]
    twice = sorted({field for field in share.fields if share.fields.count(field) > 1})
    return [f"{name}: {what}: {', '.join(them)}" for what, them in
            (("no field", unknown), ("mask without field", masked), ("field twice", twice)) if them]  # fmt: skip


def _leaks_of(name: str, share: Share, beside: Container[str]) -> list[str]:
    found = []
    if "number" in share.mask:
        found.append("MASKED_NUMBER: a number is given whole or not at all; a masked one can be guessed")
    if any(field in _HIDDEN for field in share.fields):
        found.append("NOT_OFFERED: provenance and vault columns stay inside")
    nobody = name == REVIEWED and not any(view in beside for view in _OF_PEOPLE)  # its ids are of no person then
    if not nobody and (clear := [k for k in personal_keys() if k in share.fields and share.mask.get(k) != "token"]):
        found.append(f"JOINABLE: {', '.join(clear)} without mask token can be joined across consumers")
    if (personal(name) or share.personal) and name not in _OF_NOBODY and (share.minimum_age or 0) < CHILD:
        found.append(f"UNDER_{CHILD}: rows of natural persons need minimum_age of at least {CHILD}")
    if share.divisions and "division_code" not in _reachable(name):
        found.append("NO_DIVISION: its rows cannot be limited by division")
    return found


def _reachable(name: str) -> tuple[str, ...]:
    """The columns by which rows can be limited: a table's own, or those of the person or house it points to."""
    own = columns(name)
    return (*own, "division_code") if "person_id" in own or name == "vault_identifier" else own


def reviewed(package: Package) -> dict[str, tuple[str, ...]]:
    """Shared view of a kind → the properties that it shows: what may be told to be under review."""
    shared = {name: share for name, share in package.tables.items() if name.startswith("v1_") and name not in _BASES}
    return {
        name: tuple(sorted({field.removesuffix("_id") for field in share.fields} | set(share.fields)))
        for name, share in shared.items()
        if base_of(name).key[0] in columns(name) and base_of(name).history
    }


def base_of(name: str) -> tables.Table:
    """The table of the catalogue that a view or table for readers shows."""
    known = tables.load_all()
    asked = (_BASES.get(name, name), name.replace("v1_", "fact_"), name.replace("v1_", "std_"))
    return next(known[one] for one in asked if one in known)


def personal(name: str) -> bool:
    """Whether the rows of a view or table are, or follow, one natural person each."""
    table = tables.load_all().get(name.replace("v1_", "fact_", 1))
    return name in POINTING or (table is not None and table.person)


def personal_keys() -> tuple[str, ...]:
    """The ids by which a natural person's rows could be joined across consumers."""
    return tuple(dict.fromkeys([*_JOINABLE, *(t.key[0] for t in tables.load_all().values() if t.person)]))


def offered() -> tuple[str, ...]:
    """The views and tables a package may name."""
    views = sorted(path.stem for path in (tables.SQL / "views").glob("v1_*.sql"))
    return (*views, *_OFFERED)


def columns(name: str) -> tuple[str, ...]:
    """The columns of a view (as its file lists them) or table; the vault's number is one of them."""
    if name in tables.load_all():
        own = tuple(tables.load_all()[name].columns)
        return (*own, "number") if name == "vault_identifier" else own
    text = (tables.SQL / "views" / f"{name}.sql").read_text("utf-8")
    selected = text[text.index("SELECT") : text.index("\nFROM")]
    return tuple(match["alias"] or match["name"] for match in _COLUMN.finditer(selected) if any(match.groups()))


def refuse_expired(package: Package, today: dt.date) -> None:
    """Nothing is read under rights that have ended.

    Raises:
        GridfactsError: ``EXPIRED``.
    """
    if package.expires < today:
        raise GridfactsError("EXPIRED", f"the rights of {package.consumer} ended on {package.expires}")


def load(path: Path) -> Package:
    """Read one package.

    Raises:
        ConfigError: naming the file, the field and the reason it is refused.
    """
    try:
        package = Package.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'package'}: {e['msg']}" for e in error.errors()]
        raise ConfigError(f"{path}: " + "; ".join(lines)) from None
    if package.consumer != path.stem:
        raise ConfigError(f"{path}: consumer is {package.consumer!r}, but the file is {path.stem!r}")
    return package


def load_all(expectations: Path) -> dict[str, Package]:
    """Every package of a deployment, by consumer.

    Raises:
        ConfigError: one of them is refused, or two speak in the receipts of one source.
    """
    found = {path.stem: load(path) for path in sorted((expectations / "consumers").glob("*.yml"))}
    told = Counter(source for package in found.values() for source in package.receipts_of)
    if twice := sorted(source for source, times in told.items() if times > 1):
        raise ConfigError(f"{expectations / 'consumers'}: two packages name the receipts of {', '.join(twice)}")
    return found
