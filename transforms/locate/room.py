"""Room 4: builds the library and the grid of every node from tonight's places, then locates the other kinds by them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import contract as contracts
from transforms import kinds, manifest, model, store
from transforms.coded import whole
from transforms.divisions import divisions, names
from transforms.kinds import Kind
from transforms.live import Live, ascending
from transforms.locate import landmarks, library, located, place_grid
from transforms.locate.ahead import ahead
from transforms.locate.beside import Landmarks
from transforms.locate.cut import Cut
from transforms.locate.match import Matcher
from transforms.locate.straddle import straddlers
from transforms.locate.texts import Texts, of_file
from transforms.locate.verdicts import Ground, certain, verdicts
from transforms.locate.votes import vote
from transforms.located import NOTHING, Best
from transforms.memory import give_back
from transforms.run import Run

ROOM, PLACE = "locate", "place"
_REGISTERED = "registered_address"  # where a body is on paper: it speaks where nothing says where it is
_RESOLVED = ("address", "building", "grid", "house")
_LOCATING = [
    n for n in library.COLUMNS if n not in ("path", "parent_id", "parent_path", "name", "full_text", "lon", "lat")
]
_LIBRARY = pa.schema([(n, pa.float64() if n in ("lon", "lat") else pa.string()) for n in library.COLUMNS])

_LANDMARK = pa.schema([(n, pa.string()) for n in landmarks.COLUMNS])


@dataclass(frozen=True)
class Places:
    """What every stage locates by."""

    library: pd.DataFrame
    place_grid: pd.DataFrame
    cut: Cut | None
    divisions: pd.DataFrame
    straddlers: pd.DataFrame
    named: pd.DataFrame

    @cached_property
    def matcher(self) -> Matcher:
        """Of the library, made once for all kinds of a stage."""
        return Matcher(self.library, self.divisions)

    @cached_property
    def landmarks(self) -> Landmarks:
        """Of the library and the names in it, likewise."""
        return Landmarks(self.library, self.matcher, self.named)

    @cached_property
    def ground(self) -> Ground:
        """Of the library and its grids, likewise."""
        return Ground(self.library, grids_of_nodes(self.place_grid))


def run(run: Run, stage: str) -> list[model.Report]:
    """Locate the kinds of one stage.

    Stage ``place`` writes ``library.parquet``, ``landmark.parquet`` and ``place_grid.parquet``, which the others read,
    and the coordinate vote (``vote.parquet``, ``points.parquet``), which people read.

    Returns:
        One report per kind: records by match class and reason, counts only.

    Raises:
        StaleInputError: live rows, clusters or the place stage are missing, incomplete or stale.
    """
    folder = store.night_dir(run, ROOM, stage)
    inputs = _inputs(run, stage)
    found = manifest.fresh(folder, ROOM, inputs)
    if found is None:
        with store.output(folder) as fresh, ThreadPoolExecutor(1) as beside:
            told = [beside.submit(_vote, run, fresh)] if stage == PLACE else []  # it asks nothing of the library
            texts = {kind.kind: beside.submit(_texts, run, kind) for kind in _kinds(run, stage)}
            places = _build(run) if stage == PLACE else _read(run)
            if stage == PLACE:
                told.append(beside.submit(_write, places, fresh))
            for kind in _kinds(run, stage):
                _locate(run, kind, texts.pop(kind.kind).result(), places, fresh)
            for one in told:
                one.result()
            manifest.write(fresh, ROOM, inputs)
    reports = [_report(run, kind, folder) for kind in _kinds(run, stage)]
    for report in reports:
        run.say(f"locate {report.part}: " + ", ".join(f"{count} {word}" for word, count in report.counts.items()))
    return reports


def _vote(run: Run, folder: Path) -> None:
    votes, points = vote(run, grids_in_force(run))
    store.write_table(folder / "vote.parquet", votes)
    store.write_table(folder / "points.parquet", points)


def _write(places: Places, folder: Path) -> None:
    """What the other stages locate by."""
    store.write_table(folder / "library.parquet", _arrow(places.library, _LIBRARY))
    store.write_table(folder / "place_grid.parquet", _arrow(places.place_grid, model.PLACE_GRID))
    store.write_table(folder / "straddle.parquet", _arrow(places.straddlers, model.STRADDLE))
    store.write_table(folder / "landmark.parquet", _arrow(places.named, _LANDMARK))


def _kinds(run: Run, stage: str) -> list[Kind]:
    """Kinds of the stage that have live records and an address or a point to locate; mentions are the library."""
    live = store.night_dir(run, "account", "live")
    return [
        kind
        for kind in kinds.load_all(run.settings.expectations).values()
        if kind.stage == stage
        and kind.kind != "address"
        and kind.typed("address")
        and (live / f"{kind.kind}.parquet").is_file()
    ]


def _inputs(run: Run, stage: str) -> dict[str, str]:
    lake = run.settings.lake
    folders = [(store.night_dir(run, "account", "live"), "account")]
    if stage == PLACE:
        live = folders[0][0]
        folders += [
            (store.night_dir(run, "resolve", k), "resolve") for k in _RESOLVED if (live / f"{k}.parquet").is_file()
        ]
    else:
        folders.append((store.night_dir(run, ROOM, PLACE), ROOM))
        folders += [(store.night_dir(run, "resolve", "grid"), "resolve")] if _has_grids(run) else []
    inputs = dict(manifest.upstream(lake, folder, manifest.require(lake, folder, room)) for folder, room in folders)
    return inputs | {"configuration": manifest.configuration(run.settings.expectations)}


def _has_grids(run: Run) -> bool:
    return (store.night_dir(run, "account", "live") / "grid.parquet").is_file()


def _resolved(run: Run, kind: str, columns: list[str]) -> pd.DataFrame:
    """Live rows of a kind with their ``entity_id``, texts as categories; none where no source feeds it.

    ``record_id`` is the number of a record in the order of the ids.
    """
    path = store.night_dir(run, "account", "live") / f"{kind}.parquet"
    if not path.is_file():
        return pd.DataFrame(columns=["record_id", "source", *columns, "entity_id"], dtype=object)
    live = Live(path)
    unsaid = pa.chunked_array([pa.nulls(live.num_rows)])  # of a property that no source tells
    names = ("source", *columns)
    words = ahead(
        lambda name: _categories(live.column(name) if name in live.column_names else unsaid),
        names, run.settings.threads,
    )  # fmt: skip
    said = dict(zip(names, words, strict=True))
    clusters = store.read_table(store.night_dir(run, "resolve", kind) / "cluster.parquet", ["record_id", "entity_id"])
    entity = clusters.column("entity_id")
    if not clusters.column("record_id").combine_chunks().equals(live.ids):
        entity = entity.take(pc.index_in(live.ids, clusters.column("record_id")))
    told = {"record_id": np.arange(live.num_rows)} | said
    rows = pd.DataFrame(told | {"entity_id": _categories(entity)})
    return rows[rows["entity_id"].notna()]


def _categories(column: pa.ChunkedArray) -> pd.Series:
    return column.to_pandas(strings_to_categorical=not pa.types.is_null(column.type))


def _trust(run: Run) -> dict[str, int]:
    """Source → how far its addresses are trusted."""
    known = contracts.load_all(run.settings.expectations)
    return {source: max(c.trust.get("text", 0), c.trust.get("address", 0)) for source, c in known.items()}


def grids_in_force(run: Run) -> pd.DataFrame:
    """``grid_id code level type parent_code polygon as_of`` of tonight's grids, one row each; the latest word counts.

    Raises:
        StaleInputError: the grids are not resolved.
    """
    rows = _resolved(run, "grid", ["as_of", "code", "level", "type", "parent_code", "polygon"])
    rows = rows.astype(dict.fromkeys(rows.columns[1:], object))
    one_each = rows.sort_values(["as_of", "record_id"], ascending=[False, True]).drop_duplicates("entity_id")
    return one_each.rename(columns={"entity_id": "grid_id"}).drop(columns=["record_id", "source"])


def _cut(run: Run) -> Cut | None:
    grids = grids_in_force(run)
    return Cut(grids, str(grids["as_of"].max())) if len(grids) else None


def _build(run: Run) -> Places:
    trust, known = _trust(run), divisions(run.settings.expectations, run.night)
    rows = _resolved(run, "building", ["code", "lon", "lat", "outline"])
    buildings = library.built(rows, trust)
    columns = ["path", "parent_path", "level", "name", "full_text", "village", "building_code", "lon", "lat"]
    nodes = library.build(
        _resolved(run, "address", columns), buildings, _resolved(run, "house", ["address_path"]), known, trust
    )
    cut = _cut(run)
    grids, parts = model.PLACE_GRID.empty_table().to_pandas(), model.STRADDLE.empty_table().to_pandas()
    if cut is not None:
        parts = straddlers(cut, library.outlines(rows, trust))
        grids = place_grid.assign(cut, nodes, buildings, known, parts)
    places = Places(nodes, grids, cut, known, parts, _LANDMARK.empty_table().to_pandas())
    return replace(places, named=_named(run, places))


def _named(run: Run, places: Places) -> pd.DataFrame:
    """The names of bodies and premises that stand at a node, as landmarks."""
    found = [landmarks.sites(pd.Series(dtype=object), {})]
    for kind in kinds.load_all(run.settings.expectations).values():
        path = store.night_dir(run, "account", "live") / f"{kind.kind}.parquet"
        if "name" not in kind.typed("organization_name") or not kind.typed("address") or not path.is_file():
            continue
        texts = of_file(path, kind.typed("address"))
        node = certain(texts.table, places.matcher)
        worth = sorted(texts.of_row, key=lambda prop: prop == _REGISTERED)
        name = store.read_table(path, ["name_key"]).column(0).to_pandas()
        found.append(landmarks.sites(name, {prop: pd.Series(node[texts.of_row[prop]]) for prop in worth}))
    return landmarks.entries(
        pd.concat(found, ignore_index=True), places.library, names(run.settings.expectations, run.night)
    )


def read_places(run: Run) -> tuple[Places, pd.DataFrame]:
    """What a night's stage place left, and its grids."""
    return _read(run, [*library.COLUMNS]), grids_in_force(run)


def grids_of_nodes(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``grid_id method reason`` by node id, of addresses and of divisions."""
    return {
        node: table.loc[table["node_kind"] == node].set_index("node_id")[["grid_id", "method", "reason"]]
        for node in ("address", "division")
    }


def _read(run: Run, columns: list[str] = _LOCATING) -> Places:
    folder = store.night_dir(run, ROOM, PLACE)
    nodes = store.read_table(folder / "library.parquet", columns).to_pandas()
    grids = store.read_table(folder / "place_grid.parquet", ["node_kind", "node_id", "grid_id", "method", "reason"])
    grids = grids.filter(pc.not_equal(grids["node_kind"], "building"))
    named = store.read_table(folder / "landmark.parquet").to_pandas()
    parts = store.read_table(folder / "straddle.parquet").to_pandas()
    return Places(nodes, grids.to_pandas(), _cut(run), divisions(run.settings.expectations, run.night), parts, named)


def _texts(run: Run, kind: Kind) -> Texts:
    return of_file(store.night_dir(run, "account", "live") / f"{kind.kind}.parquet", kind.typed("address"))


def _locate(run: Run, kind: Kind, texts: Texts, places: Places, folder: Path) -> None:
    """Write where the records of a kind stand, with ids and as numbers."""
    path, threads = store.night_dir(run, "account", "live") / f"{kind.kind}.parquet", run.settings.threads
    found = verdicts(texts.table, places.matcher, places.ground, places.landmarks, threads)
    of_row = texts.of_row
    if kind.stage != PLACE and kind.typed("lon") and kind.typed("lat"):
        lon, lat = kind.typed("lon")[0], kind.typed("lat")[0]
        live = store.read_table(path, [lon, lat]).to_pandas()
        of_row, found = located.with_points(texts, found, located.points(live[lon], live[lat], places.cut))
    del texts  # a city's are a few hundred megabytes
    give_back()
    ids = store.read_table(path, ["record_id"]).column(0)
    if not ascending(ids):
        order = pc.sort_indices(ids)
        ids, of_row = ids.take(order), {prop: text[order.to_numpy()] for prop, text in of_row.items()}
    located.best(of_row, found).write(folder, kind.kind)
    store.write_pieces(folder / f"{kind.kind}.parquet", located.pieces(whole(ids), of_row, found, threads))


def _report(run: Run, kind: Kind, folder: Path) -> model.Report:
    """Records and addresses by why they have no place or grid, else by how their place was found."""
    best = Best.read(folder, kind.kind) or NOTHING
    said = (whole(best.table[name]).dictionary_decode() for name in ("reason", "match_class"))
    words = pc.coalesce(*said, "polygon").dictionary_encode()
    times = np.bincount(words.indices.to_numpy(), weights=best.times(), minlength=len(words.dictionary))
    told = zip(words.dictionary.to_pylist(), times.tolist(), strict=True)
    return model.Report(ROOM, kind.kind, {word: int(count) for word, count in sorted(told)})


def _arrow(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    frame = frame.reset_index(drop=True)
    return pa.table([pa.array(frame[f.name], f.type, from_pandas=True) for f in schema], schema=schema)
