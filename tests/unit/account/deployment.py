"""A tiny deployment whose rooms are these few lines: what account sees, made by the words of docs/rooms.md alone."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from tests.small_release import braked
from transforms import account, contract, keys, manifest, model, publish, store
from transforms import tables as catalogue
from transforms.model import Batch
from transforms.run import Run, Settings

CONTRACTS = {
    "registry": """
source: registry
label: register
owner: {department: Registry Office, contact: desk, answers_within_days: 3}
arrives: {format: csv, encoding: utf-8, file_pattern: 'registry_(?P<as_of>[0-9]{8})[.]csv', cadence: daily,
  mode: snapshot, same_period: supersede, rows: {min: 0, max: 100}}
key: [pid]
feeds: {person: {key: [pid]}, household: {key: [hid]}}
columns:
  - {heading: name, to: person.name, required: true, purpose: P-POPULATION}
  - {heading: number, to: person.document, document_kind: '111', purpose: P-POPULATION}
  - {heading: hid, to: [person.household_key, household.code], purpose: P-POPULATION}
  - {heading: status, to: person.life_status, purpose: P-POPULATION, codes: {in: living, gone: moved_out}}
  - {heading: home, to: [person.actual_address, household.address], purpose: P-ADDRESS}
ignored:
  - {heading: pid, reason: the natural key}
registers: {authority_for: [document, life_status]}
""",
    "roster": """
source: roster
label: roster
owner: {department: Insurance Office, contact: desk, answers_within_days: 5}
arrives: {format: csv, encoding: utf-8, file_pattern: 'roster_(?P<as_of>[0-9]{8})[.]csv', cadence: daily,
  mode: snapshot, same_period: supersede, rows: {min: 0, max: 100}}
key: ['no']
feeds: {person: {key: ['no']}}
columns:
  - {heading: name, to: person.name, required: true, purpose: P-POPULATION}
  - {heading: number, to: person.document, document_kind: '111', purpose: P-POPULATION}
  - {heading: home, to: person.actual_address, purpose: P-ADDRESS}
ignored:
  - {heading: 'no', reason: the natural key}
""",
    "flats": """
source: flats
label: flats
owner: {department: Housing Office, contact: desk, answers_within_days: 5}
arrives: {format: csv, encoding: utf-8, file_pattern: 'flats_(?P<as_of>[0-9]{8})[.]csv', cadence: daily,
  mode: snapshot, same_period: supersede, rows: {min: 0, max: 100}}
key: [code]
feeds: {address: {key: []}, house: {key: [code]}}
columns:
  - {heading: code, to: house.code, required: true, purpose: P-HOUSE}
  - {heading: where, to: [house.address, address.text], required: true, purpose: P-ADDRESS}
""",
    "areas": """
source: areas
label: grids
owner: {department: Grid Office, contact: desk, answers_within_days: 5}
arrives: {format: csv, encoding: utf-8, file_pattern: 'areas_(?P<as_of>[0-9]{8})[.]csv', cadence: daily,
  mode: snapshot, same_period: supersede, rows: {min: 0, max: 100}}
key: [code]
feeds: {grid: {key: [code]}}
columns:
  - {heading: code, to: grid.code, required: true, purpose: P-GRID}
  - {heading: name, to: grid.name, purpose: P-GRID}
""",
}
KINDS = ("grid", "address", "house", "person", "household")
Row = dict[str, str | None]
TEXT = pa.string()


def digest(values: Iterable[str | None]) -> str:
    parts = [b"-" if v is None else f"{len(v.encode())}:{v}".encode() for v in values]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def table(rows: list[dict[str, object]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema)


@dataclass
class World:
    """The deployment: what was delivered, and rooms that write what docs/rooms.md says."""

    settings: Settings
    night: str = "2026-10-01"
    cut: str = "2026-10-01"  # of the grids
    model: str = ""  # digest of the model that link uses
    files: dict[str, tuple[list[Row], dict[int, str]]] = field(default_factory=dict)
    apart: set[str] = field(default_factory=set)  # record keys that resolve keeps in entities of their own

    @property
    def run(self) -> Run:
        return Run.of(self.night, settings=self.settings, drops=self.settings.home)

    @property
    def contracts(self) -> dict[str, contract.Contract]:
        return contract.load_all(self.settings.expectations)

    def folder(self, room: str, part: str = "") -> Path:
        return store.night_dir(self.run, room, part)

    def record_id(self, source: str, kind: str, *key: str) -> str:
        return keys.load(self.settings).record_id(source, kind, key)

    # land, check, standardise -------------------------------------------------------------------------------------
    def deliver(
        self,
        source: str,
        rows: list[Row],
        refused: dict[int, str] | None = None,
        hold: str | None = None,
        as_of: str | None = None,
    ) -> str:
        """A file of tonight (or late); ``refused`` names a heading per ordinal whose rule REQUIRED it breaks."""
        as_of = as_of or self.night
        text = json.dumps([source, as_of, rows, hold])
        batch = Batch(source, as_of, 0, hashlib.sha256(text.encode()).hexdigest())
        self.files[batch.id] = (rows, refused or {})
        facts = {
            "first_night": self.night,
            "file": f"{source}.csv",
            "bytes": len(text),
            "rows": len(rows),
            "hold": hold,
        }
        self.write(store.batch_dir(self.settings, "land", batch.id), "land", {}, {"rows": self.landed(batch.id)}, facts)
        told = {
            "file": f"{source}.csv",
            "sha256": batch.sha256,
            "bytes": len(text),
            "as_of": as_of,
            "correction": 0,
            "batch": batch.id,
            "state": "held" if hold else "landed",
            "code": hold,
            "message": None,
            "rows": len(rows),
        }
        path = self.folder("land", source)
        path.mkdir(parents=True, exist_ok=True)
        (path / "deliveries.json").write_text(json.dumps([told]), "utf-8")
        if hold is None:
            self._check(batch)
            self._standardise(batch)
        return batch.id

    def landed(self, batch: str) -> pa.Table:
        """The rows of a batch as its file holds them: what land lands and what it re-reads."""
        rows, _ = self.files[batch]
        headings = self.contracts[Batch.parse(batch).source].landed_headings
        told = [
            {"batch": batch, "ordinal": at, "line": at + 1, "digest": digest(row.get(h) for h in headings)} | row
            for at, row in enumerate(rows, 1)
        ]
        return table(told, pa.schema([*model.LANDED, *((heading, TEXT) for heading in headings)]))

    def reread(self, _settings: Settings, batch: str) -> pa.Table:
        return self.landed(batch)

    def _check(self, batch: Batch) -> None:
        rows, refused = self.files[batch.id]
        verdict = [
            {
                "batch": batch.id,
                "ordinal": at,
                "accepted": at not in refused,
                "rule": "REQUIRED" if at in refused else None,
                "field": refused.get(at),
            }
            for at in range(1, len(rows) + 1)
        ]
        finding = [
            {
                "batch": batch.id,
                "ordinal": at,
                "line": at + 1,
                "field": name,
                "rule": "REQUIRED",
                "effect": "quarantine",
            }
            for at, name in refused.items()
        ]
        made = {"verdict": table(verdict, model.VERDICT), "finding": table(finding, model.FINDING)}
        self.write(store.batch_dir(self.settings, "check", batch.id), "check", self.of("land", batch.id), made)

    def _standardise(self, batch: Batch) -> None:
        rows, refused = self.files[batch.id]
        good = [(at, row) for at, row in enumerate(rows, 1) if at not in refused]
        bad = [row for at, row in enumerate(rows, 1) if at in refused]
        made, kept = {}, []
        for kind, feed in self.contracts[batch.source].feeds.items():
            if kind == "address":
                made[kind] = self._nodes(batch, good)
                continue
            made[kind] = self._clean(batch, kind, good)
            kept += [{"kind": kind, "record_id": self.record_id(batch.source, kind, str(r[feed.key[0]]))} for r in bad]
        made["kept"] = table(kept, model.KEPT)
        made["vault"] = model.VAULT.empty_table()
        folder = store.batch_dir(self.settings, "standardise", batch.id)
        self.write(folder, "standardise", self.of("land", batch.id) | self.of("check", batch.id), made)

    def _clean(self, batch: Batch, kind: str, good: list[tuple[int, Row]]) -> pa.Table:
        fed = self.contracts[batch.source].columns_of(kind)
        key = self.contracts[batch.source].feeds[kind].key[0]
        told = []
        for at, row in good:
            values = {name: row.get(column.heading) for name, column in fed.items()}
            record: dict[str, object] = dict(self._ids(batch, kind, at, str(row[key])))
            order = [name for name in ORDER[kind] if name in fed]
            record["content_hash"] = digest(values[name] for name in order)[:32]
            for name, value in values.items():
                record |= CLEAN.get(name, plain)(name, value)
            told.append(record)
        columns = [(name, TEXT) for name in COLUMNS[kind]]
        if kind == "person":
            columns.append(("document_valid", pa.bool_()))
        return table(told, pa.schema([*model.STANDARD, *columns]))

    def _nodes(self, batch: Batch, good: list[tuple[int, Row]]) -> pa.Table:
        first: dict[str, int] = {}
        for at, row in good:
            steps = str(row["where"]).split("|")
            for end in range(2, len(steps) + 1):
                first.setdefault("|".join(steps[:end]), at)
        told = [
            {**self._ids(batch, "address", at, path), "content_hash": digest([path])[:32], "path": path}
            for path, at in sorted(first.items())
        ]
        return table(told, pa.schema([*model.STANDARD, ("path", TEXT)]))

    def _ids(self, batch: Batch, kind: str, at: int, key: str) -> dict[str, object]:
        record = self.record_id(batch.source, kind, key)
        return {
            "source": batch.source,
            "batch": batch.id,
            "ordinal": at,
            "line": at + 1,
            "kind": kind,
            "record_id": record,
            "operation": "upsert",
        }

    # the night-wide rooms -----------------------------------------------------------------------------------------
    def rooms(self) -> None:
        """Everything from account/apply to merge."""
        account.apply(self.run)
        lives = {kind: self._live(kind) for kind in KINDS}
        entity_of: dict[str, dict[str, str]] = {}
        for kind, live in lives.items():
            groups: dict[str, list[str]] = {}
            for row in live:
                groups.setdefault(self._decisive(kind, row), []).append(str(row["record_id"]))
            entity_of[kind] = {record: f"{kind}-{min(of)}" for of in groups.values() for record in of}
            self._link(kind, live, groups)
            self._resolve(kind, live, entity_of[kind], groups)
        for stage in ("place", "person", "household"):
            self._locate(stage, lives)
        for kind in KINDS:
            self._merge(kind, lives[kind], entity_of)

    def _live(self, kind: str) -> list[dict[str, object]]:
        path = self.folder("account", "live") / f"{kind}.parquet"
        return store.read_table(path).to_pylist() if path.is_file() else []

    def _decisive(self, kind: str, row: dict[str, object]) -> str:
        if row["record_id"] in self.apart:
            return f"apart {row['record_id']}"
        name = {"person": "document_token", "address": "path"}.get(kind, "code")
        return str(row[name] or row["record_id"])

    def _link(self, kind: str, live: list[dict[str, object]], groups: dict[str, list[str]]) -> None:
        number = {record: at for at, record in enumerate(sorted(str(row["record_id"]) for row in live))}
        rows: list[dict[str, object]] = [
            {
                "left": number[min(of)],
                "right": number[other],
                "score": 10_000,
                "how": "number" if kind == "person" else "key",
                "evidence": "same",
            }
            for of in groups.values()
            for other in sorted(of)[1:]
        ]
        inputs = self.of_night("account", "live") | ({"model": self.model} if self.model else {})
        self.write(self.folder("link", kind), "link", inputs, {"pairs": table(rows, model.PAIR)})

    def _resolve(
        self, kind: str, live: list[dict[str, object]], entity: dict[str, str], groups: dict[str, list[str]]
    ) -> None:
        single = {of[0] for of in groups.values() if len(of) == 1}
        cluster: list[dict[str, object]] = [
            {
                "record_id": r["record_id"],
                "entity_id": entity[str(r["record_id"])],
                "trusted": True,
                "how": "single" if r["record_id"] in single else "key",
            }
            for r in live
        ]
        schema = pa.schema([*model.CLUSTER, ("trusted", pa.bool_())])
        standing = {
            name: {
                "entity_id": name,
                "kind": kind,
                "minted_release": 1,
                "state": "live",
                "founding_record": name.removeprefix(f"{kind}-"),
            }
            for name in entity.values()
        }
        for name in self._known(kind) - set(standing):
            founder = name.removeprefix(f"{kind}-")
            standing[name] = {
                "entity_id": name,
                "kind": kind,
                "minted_release": 1,
                "state": "retired",
                "retired_release": 2,
                "signpost": entity.get(founder),
                "founding_record": founder,
            }
        homes: list[dict[str, object]] = [{"record_id": r, "kind": kind, "entity_id": e} for r, e in entity.items()]
        made = {
            "cluster": table(cluster, schema),
            "identity": table([dict(row) for _, row in sorted(standing.items())], model.IDENTITY),
            "home": table(homes, model.HOME),
        }
        self.write(self.folder("resolve", kind), "resolve", self.of_night("link", kind), made)

    def _known(self, kind: str) -> set[str]:
        found: set[str] = set()
        for path in (self.settings.lake / "night").glob(f"*/resolve/{kind}/identity.parquet"):
            found |= set(store.read_table(path)["entity_id"].to_pylist())
        return found

    def _locate(self, stage: str, lives: dict[str, list[dict[str, object]]]) -> None:
        made = {}
        for kind in {"place": ("house",), "person": ("person",), "household": ("household",)}[stage]:
            rows: list[dict[str, object]] = [
                {
                    "record_id": row["record_id"],
                    "property": "address",
                    "rank": 1,
                    "match_class": "exact",
                    "score": 10_000,
                    "reason": "no_coordinate",
                }
                for row in lives[kind]
            ]
            made[kind] = table(rows, model.LOCATED)
        if stage == "place":
            nodes: list[dict[str, object]] = [
                {"node_kind": "address", "node_id": row["path"], "cut": self.cut} for row in lives["address"]
            ]
            made["place_grid"] = table(nodes, model.PLACE_GRID)
        self.write(self.folder("locate", stage), "locate", self.of_night("account", "live"), made)

    def _merge(self, kind: str, live: list[dict[str, object]], entity_of: dict[str, dict[str, str]]) -> None:
        groups: dict[str, list[dict[str, object]]] = {}
        for row in sorted(live, key=lambda r: str(r["record_id"])):
            groups.setdefault(entity_of[kind][str(row["record_id"])], []).append(row)
        golden, claims = [], []
        for entity, rows in groups.items():
            winner = rows[0]
            if kind == "person" and any(r.get("life_status") == "moved_out" for r in rows):
                continue
            claims += [
                {"entity_id": entity, "property": name, "record_id": winner["record_id"], "source": winner["source"]}
                for name in ("path", "name", "code", "life_status")
                if winner.get(name) is not None
            ]
            golden.append(self._golden(kind, entity, winner, entity_of))
        made = {TABLE[kind]: facts(TABLE[kind], golden), "claim": table(claims, model.CLAIM)}
        if kind == "grid":
            places = [
                {
                    "node_kind": "address",
                    "node_id": entity,
                    "cut": self.cut,
                    "method": "address",
                    "grid_id": min(entity_of["grid"].values(), default=None),
                    "valid_from": dt.date(2026, 10, 1),
                    "provenance": "{}",
                }
                for entity in sorted(set(entity_of["address"].values()))
            ]
            made["place_grid"] = facts("place_grid", places)
        if kind == "household":
            members = [
                {
                    "person_id": entity_of["person"][str(r["record_id"])],
                    "household_id": self._household(str(r["household_key"]), entity_of),
                }
                for r in self._live("person")
                if r["household_key"]
            ]
            unique = {m["person_id"]: m for m in members}
            made["person_household"] = table(
                list(unique.values()), pa.schema([("person_id", TEXT), ("household_id", TEXT)])
            )
        self.write(self.folder("merge", kind), "merge", self.of_night("resolve", kind), made)

    def _household(self, code: str, entity_of: dict[str, dict[str, str]]) -> str | None:
        return entity_of["household"].get(self.record_id("registry", "household", code))

    def _golden(
        self, kind: str, entity: str, row: dict[str, object], entity_of: dict[str, dict[str, str]]
    ) -> dict[str, object]:
        key = catalogue.load_all()[TABLE[kind]].key[0]
        told: dict[str, object] = {
            key: entity,
            "valid_from": dt.date.fromisoformat(str(row["since"])),
            "certainty": "key",
        }
        told |= {name: row[name] for name in ("name", "code", "life_status") if row.get(name) is not None}
        if kind != "address":
            path = row.get("actual_address_path") or row.get("address_path")
            told["address_id"] = entity_of["address"].get(self.record_id("flats", "address", str(path)))
        told["provenance"] = json.dumps({MAIN[kind]: row["record_id"]})
        defaults = {
            "level": "small",
            "type": "general",
            "scheme": "own",
            "cut": self.cut,
            "full_text": "x",
            "size": 1,
            "name": "x",
            "geometry": "{}",
            "polygon": "{}",
            "status": "valid",
            "aliases": "[]",
            "place_reason": "no_address",
        }
        if told.get("address_id"):
            del defaults["place_reason"]
        return {name: value for name, value in defaults.items() if name not in told} | told

    # manifests ------------------------------------------------------------------------------------------------------
    def write(
        self,
        folder: Path,
        room: str,
        inputs: dict[str, str],
        tables: dict[str, pa.Table],
        facts: dict[str, object] | None = None,
    ) -> None:
        with store.output(folder) as tmp:
            for name, rows in tables.items():
                store.write_table(tmp / f"{name}.parquet", rows)
            manifest.write(tmp, room, inputs, facts)  # type: ignore[arg-type]

    def of(self, room: str, batch: str) -> dict[str, str]:
        return self._upstream(store.batch_dir(self.settings, room, batch))

    def of_night(self, room: str, part: str) -> dict[str, str]:
        return self._upstream(self.folder(room, part))

    def _upstream(self, folder: Path) -> dict[str, str]:
        found = manifest.Manifest.read(folder)
        assert found is not None
        return dict([manifest.upstream(self.settings.lake, folder, found)])

    def tamper(self, path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
        """Change a table of a room and vouch for it: its manifest and all that lean on it are written anew."""
        found = manifest.Manifest.read(path.parent)
        assert found is not None
        changed = change(store.read_table(path))
        path.unlink()
        store.write_table(path, changed)
        manifest.write(path.parent, found.room, found.inputs, found.facts)
        self._lean(path.parent)

    def _lean(self, folder: Path) -> None:
        lake = self.settings.lake
        name = str((folder / manifest.NAME).relative_to(lake))
        for other in sorted(lake.rglob(manifest.NAME)):
            found = manifest.Manifest.read(other.parent)
            if found is not None and name in found.inputs:
                manifest.write(other.parent, found.room, found.inputs | self._upstream(folder), found.facts)
                self._lean(other.parent)

    def publish(self) -> None:
        account.close(self.run, self.reread)
        braked(self.run)
        publish.run(self.run)

    def release(self, name: str) -> list[dict[str, object]]:
        return store.read_table(self.folder("account", "release") / f"{name}.parquet").to_pylist()


def plain(name: str, value: str | None) -> dict[str, object]:
    return {name: value, f"raw_{name}": value}


def _document(name: str, value: str | None) -> dict[str, object]:
    token = f"token of {value}" if value else None
    return {f"{name}_token": token, f"{name}_valid": bool(value), f"{name}_kind": "111" if value else None}


def _key(name: str, value: str | None) -> dict[str, object]:
    return {name: value}


def _address(name: str, value: str | None) -> dict[str, object]:
    return plain(name, value) | {f"{name}_path": value}


def _status(name: str, value: str | None) -> dict[str, object]:
    return {name: {"in": "living", "gone": "moved_out"}.get(str(value)), f"raw_{name}": value}


def _code(name: str, value: str | None) -> dict[str, object]:
    return plain(name, value)


CLEAN = {
    "document": _document,
    "household_key": _key,
    "actual_address": _address,
    "address": _address,
    "life_status": _status,
    "code": _code,
}
ORDER = {
    "person": ("name", "document", "actual_address", "household_key", "life_status"),
    "household": ("code", "address"),
    "house": ("code", "address"),
    "grid": ("code", "name"),
}
COLUMNS = {
    "person": (
        "name",
        "raw_name",
        "document_token",
        "document_kind",
        "household_key",
        "life_status",
        "raw_life_status",
        "actual_address",
        "raw_actual_address",
        "actual_address_path",
    ),
    "household": ("code", "address", "raw_address", "address_path"),
    "house": ("code", "raw_code", "address", "raw_address", "address_path"),
    "grid": ("code", "raw_code", "name", "raw_name"),
}
TABLE = {
    "grid": "std_grid",
    "address": "std_address",
    "house": "fact_house",
    "person": "fact_person",
    "household": "fact_household",
}
MAIN = {"grid": "code", "address": "path", "house": "code", "person": "name", "household": "code"}


def facts(name: str, rows: list[dict[str, object]]) -> pa.Table:
    return table(rows, catalogue.load_all()[name].facts)


PEOPLE: list[Row] = [
    {"pid": "1", "name": "甲", "number": "number 1", "hid": "h1", "status": "in", "home": "v|road:a|door:1"},
    {"pid": "2", "name": "乙", "number": "number 2", "hid": "h1", "status": "in", "home": "v|road:a|door:1"},
    {"pid": "3", "name": "丙", "number": None, "hid": "h2", "status": "in", "home": "v|road:a|door:2"},
    {"pid": "4", "name": "丁", "number": "number 4", "hid": "h2", "status": "gone", "home": None},
    {"pid": "5", "name": None, "number": "number 5", "hid": "h2", "status": "in", "home": None},
]
INSURED: list[Row] = [
    {"no": "a", "name": "甲", "number": "number 1", "home": "v|road:a|door:2"},
    {"no": "b", "name": "乙", "number": "number 2", "home": None},
    {"no": "c", "name": "戊", "number": None, "home": None},
]
