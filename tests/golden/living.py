"""Synthetic live records: what account/apply would leave of hand-written rows (docs/rooms.md, "Clean columns")."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa

from transforms import keys, manifest, model, store
from transforms.located import NOTHING
from transforms.run import REPOSITORY, Run, Settings
from transforms.standardise import names

NIGHT = "2026-10-01"
_WHOLE = 18
_TEXT, _TEXTS, _NUMBERS = pa.string(), pa.list_(pa.string()), pa.list_(pa.uint64())
PERSON = pa.schema([
    *model.STANDARD, *((n, _TEXT) for n in ("name", "name_key", "name_pinyin", "name_surname", "former_name",
    "former_name_key", "former_name_pinyin", "document_kind")), ("document_valid", pa.bool_()),
    ("document_token", _TEXT),
    ("document_near", _NUMBERS), ("document_birth", pa.date32()), ("document_sex", _TEXT), ("sex", _TEXT),
    ("birth_date", pa.date32()), ("birth_date_precision", _TEXT), ("phone_tokens", _TEXTS),
    ("actual_address", _TEXT), ("actual_address_path", _TEXT), ("registered_address", _TEXT), ("household_key", _TEXT),
    ("residence_kind", _TEXT), ("life_status", _TEXT), ("status_date", pa.date32()), *model.LIVE,
])  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row of a department."""

    source: str
    name: str
    number: str = ""
    birth: str = ""
    sex: str = ""
    phone: str = ""
    address: str = ""
    former: str = ""
    life: str = ""

    @property
    def record_id(self) -> str:
        """A record id of its own, in no order of meaning."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:26]


def _near(position: int, number: str) -> int:
    """A token of the number without one of its characters."""
    told = hashlib.sha256(f"{position}:{number[:position]}{number[position + 1 :]}".encode()).digest()
    return int.from_bytes(told[:8])


def _name(text: str) -> tuple[str | None, str | None, str | None]:
    """Key, pinyin and surname, as standardise has them: a surname has a reading of its own."""
    told = names.person(pd.Series([text or None], dtype=object), names.load(REPOSITORY / "expectations", NIGHT)).iloc[0]
    return told["key"], told["pinyin"], told["surname"]


def person(row: Row, ordinal: int) -> dict[str, object]:
    """The live record of a row."""
    number = row.number.removeprefix("!")
    valid = bool(number) and not row.number.startswith("!")
    (key, pinyin, surname), (former, formerly, _) = _name(row.name), _name(row.former)
    near = [_near(i, number) for i in range(_WHOLE)] if len(number) == _WHOLE else None
    return {
        "source": row.source, "batch": f"{row.source}-batch", "ordinal": ordinal, "line": ordinal + 1, "kind": "person",
        "record_id": row.record_id, "content_hash": row.record_id, "operation": "upsert",
        "name": row.name, "name_key": key, "name_pinyin": pinyin, "name_surname": surname,
        "former_name": row.former or None, "former_name_key": former, "former_name_pinyin": formerly,
        "document_kind": "111" if number else None, "document_valid": valid,
        "document_token": number if valid else None,
        "document_near": near, "document_birth": date.fromisoformat(number[6:14]) if valid else None,
        "document_sex": ("female", "male")[int(number[16]) % 2] if valid and row.sex == "" else (row.sex or None),
        "sex": row.sex or None, "birth_date": date.fromisoformat(row.birth) if row.birth else None,
        "birth_date_precision": "day" if row.birth else None, "phone_tokens": [row.phone] if row.phone else [],
        "actual_address": row.address or None, "actual_address_path": row.address or None,
        "life_status": row.life or None, "as_of": NIGHT, "since": NIGHT,
    }  # fmt: skip


def deploy(home: Path, rows: list[Row], expectations: Path) -> Run:
    """A deployment whose night holds these live persons, located nowhere."""
    settings = Settings.from_environment(
        {"GRIDFACTS_HOME": str(home), "GRIDFACTS_THREADS": "2", "GRIDFACTS_EXPECTATIONS": str(expectations)}
    )
    if not (home / "keys.yml").exists():
        keys.create(home / "keys.yml")
    run = Run.of(NIGHT, settings=settings, drops=home)
    live = pa.Table.from_pylist([person(row, i) for i, row in enumerate(rows, start=1)], schema=PERSON)
    with store.output(store.night_dir(run, "account", "live")) as tmp:
        store.write_table(tmp / "person.parquet", live)
        manifest.write(tmp, "account", {})
    with store.output(store.night_dir(run, "locate", "person")) as tmp:
        NOTHING.write(tmp, "person")
        manifest.write(tmp, "locate", {})
    return run


def clusters(run: Run, kind: str = "person") -> dict[str, str]:
    """Record id → entity, as resolve left them."""
    table = store.read_table(store.night_dir(run, "resolve", kind) / "cluster.parquet")
    return dict(zip(table.column("record_id").to_pylist(), table.column("entity_id").to_pylist(), strict=True))
