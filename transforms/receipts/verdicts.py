"""What became of every row of a batch: a verdict, and the row that counts in its place."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import manifest, model, store, values
from transforms.receipts.drops import Drop
from transforms.run import Run

_ORDER = ("accepted", "held", "unchanged", "duplicate", "superseded", "deleted", "withdrawn")
_RANK = {verdict: rank for rank, verdict in enumerate(_ORDER)}


def verdicts(drop: Drop) -> pd.DataFrame:
    """One row per landed row, by ordinal.

    Returns:
        ``ordinal line``; ``verdict`` (:data:`transforms.receipts.words.VERDICTS`); ``of_file of_line``: the row that
        counts in its place, null where there is none; ``record_id`` of its live record, null before the night is done.
    """
    rows = store.read_table(drop.folder("land") / "rows.parquet", ["ordinal", "line"]).to_pandas()
    rows = rows.assign(verdict="accepted", of_file=None, of_line=pd.array([pd.NA] * len(rows), "Int64"))
    if drop.hold:
        return rows.assign(verdict="recalled" if drop.recalled else "held")
    judged = store.read_table(drop.folder("check") / "verdict.parquet", ["ordinal", "accepted", "rule"]).to_pandas()
    if drop.phase == "night":
        rows = _fated(drop, rows)
    refused = judged["ordinal"][~judged["accepted"].astype(bool)]
    rows.loc[rows["ordinal"].isin(refused), "verdict"] = "quarantined"
    erased = judged["ordinal"][judged["rule"].eq(model.ERASED_RULE)]
    rows.loc[rows["ordinal"].isin(erased), "verdict"] = "not_taken_over"
    return rows


def _fated(drop: Drop, rows: pd.DataFrame) -> pd.DataFrame:
    """Verdicts by what became of the record that each row tells of itself; of several kinds the best.

    A source that only mentions addresses tells of no record: its accepted rows are accepted, and that is all.
    """
    if not drop.kinds:
        return rows.assign(record_id=None)
    told = pd.concat([_of_kind(drop, kind) for kind in drop.kinds])
    told = told.assign(rank=told["verdict"].map(_RANK)).sort_values(["ordinal", "rank", "kind"])
    one = told.drop_duplicates("ordinal").drop(columns="rank")
    there = rows.drop(columns=["verdict", "of_file", "of_line"])
    merged = there.merge(one, on="ordinal", how="left", validate="1:1")
    return merged.assign(verdict=merged["verdict"].fillna("accepted"))


def _of_kind(drop: Drop, kind: str) -> pd.DataFrame:
    """``ordinal kind record_id verdict of_file of_line`` of every accepted row, for one kind.

    The versions of a night name only what began, was outvoted, held or taken away; what they do not name says what was
    said before, in the same file (its record's words stand in an earlier row) or in the delivery before.
    """
    path = drop.folder("standardise") / f"{kind}.parquet"
    mine = store.read_table(path, ["ordinal", "line", "record_id", "content_hash", "operation"]).to_pandas()
    mine = mine.sort_values("ordinal", ignore_index=True)
    same = mine.groupby(["record_id", "content_hash", "operation"], sort=False)
    first, first_line = same["ordinal"].transform("min"), same["line"].transform("min")
    state = mine["ordinal"].map(_states(drop, kind))
    live = _live(drop, kind, mine["record_id"])
    now = live.reindex(mine["record_id"]).set_axis(mine.index)
    stands = mine["content_hash"].eq(now["content_hash"])
    verdict = _verdict(state, mine["ordinal"].eq(first), stands, now["batch"].notna(), mine["operation"].eq("delete"))
    counts = mine[verdict.isin(["accepted", "unchanged"]) & stands]
    winner = counts.drop_duplicates("record_id").set_index("record_id")["line"]
    here = winner.reindex(mine["record_id"]).set_axis(mine.index).astype("Int64")
    file = pd.Series(drop.file, index=mine.index, dtype=object).where(here.notna(), _files(drop.run, now["batch"]))
    line = here.fillna(now["line"].astype("Int64"))
    repeated = verdict.eq("duplicate")
    replaced = repeated | (verdict.eq("superseded") & line.notna())
    return pd.DataFrame(
        {
            "ordinal": mine["ordinal"],
            "kind": kind,
            "record_id": mine["record_id"],
            "verdict": verdict,
            "of_file": file.mask(repeated, drop.file).where(replaced, None),
            "of_line": line.mask(repeated, first_line.astype("Int64")).where(replaced),
        }
    )


def _verdict(state: pd.Series, first: pd.Series, stands: pd.Series, lives: pd.Series, deletes: pd.Series) -> pd.Series:
    """A verdict per row.

    Args:
        state: the ledger's word for its version, null where it has none.
        first: the first row of its file with these words of its record.
        stands: its words are the record's live ones.
        lives: the record is live.
        deletes: the row asks for its removal.
    """
    if state.eq("held").any():
        return pd.Series("held", index=state.index)
    gone = deletes.map({True: "deleted", False: "withdrawn"})
    silent = gone.where(~lives, "superseded").mask(stands, "unchanged")
    named = state.map({"merged": "accepted", "superseded": "superseded"}).where(~state.eq("withdrawn"), gone)
    verdict = named.where(named.notna(), silent)
    return verdict.mask(~first & ~state.eq("superseded"), "duplicate")


def _states(drop: Drop, kind: str) -> dict[int, str]:
    """Ordinal → the ledger's word for its version."""
    path = store.night_dir(drop.run, "account", "versions") / "versions.parquet"
    where = (pc.field("batch") == str(drop.batch)) & (pc.field("kind") == kind)
    table = pq.read_table(path, columns=["ordinal", "state"], filters=where, page_checksum_verification=True)
    return dict(zip(table["ordinal"].to_pylist(), table["state"].to_pylist(), strict=True))


def _live(drop: Drop, kind: str, records: pd.Series) -> pd.DataFrame:
    """``batch line content_hash`` of the live row of each record, by record id."""
    path = store.night_dir(drop.run, "account", "live") / f"{kind}.parquet"
    columns = ["record_id", "batch", "line", "content_hash"]
    if not path.is_file():
        return pd.DataFrame(columns=columns, dtype=object).set_index("record_id")
    where = pc.field("record_id").isin(pa.array(records.unique(), pa.string()))
    table = pq.read_table(path, columns=columns, filters=where, page_checksum_verification=True)
    return table.to_pandas().set_index("record_id")


def _files(run: Run, batches: pd.Series) -> pd.Series:
    """The sender's name of each batch, numbers of persons masked."""
    names = {}
    for batch in batches.dropna().unique():
        facts = manifest.require(run.settings.lake, store.batch_dir(run.settings, "land", batch), "land").facts
        names[batch] = str(values.mask_numbers(pd.Series([str(facts["file"])]))[0])
    return batches.map(names).astype(object)


def findings(drop: Drop) -> pd.DataFrame:
    """What check found: ``ordinal line field rule effect`` in the rules' own order; none where it never looked.

    Of a row that is not taken over nothing is said: nobody has to mend it.
    """
    columns = ["ordinal", "line", "field", "rule", "effect"]
    if drop.batch is None or drop.facts("land").get("hold"):
        return pd.DataFrame(columns=columns)
    found = store.read_table(drop.folder("check") / "finding.parquet", columns).to_pandas()
    return found[found["rule"].ne(model.ERASED_RULE)].reset_index(drop=True)
