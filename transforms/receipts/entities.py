"""The entity of a row, and the columns in which another department's word stands: as far as rights let it be told.

Never a value of another department's: whose word stands, and why. Of natural persons not even whose, unless it is the
authority's for their documents, in whose register everybody stands: to stand in another one says something of somebody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import contract as contracts
from transforms import store, tables
from transforms.contract import DEFAULT_TRUST, Contract
from transforms.kinds import Kind
from transforms.receipts.drops import Drop
from transforms.receipts.rights import Rights, rights
from transforms.receipts.words import ELSEWHERE, ENTITY, OTHERS, WHY

_SHOWN = ("accepted", "unchanged", "duplicate")
_COMPARED = {"name": "_key", "organization_name": "_key", "address": "_path"}  # what makes two words the same word
_FACTS = ("division_code", "birth_date", "birth_precision")


def entities(drop: Drop, rows: pd.DataFrame) -> pd.DataFrame:
    """What the department's rights package lets it hear of every row.

    Args:
        drop: whose night is done.
        rows: as :func:`transforms.receipts.verdicts.verdicts` leaves them.

    Returns:
        ``ordinal``, then per kind the entity's name for this consumer and the headings that others speak for; only
        ``ordinal`` where the source has no package.
    """
    found = rows[["ordinal"]].copy()
    may = rights(drop.run, drop.contract.source) if drop.phase == "night" and not drop.hold else None
    if may is None:
        return found
    for kind in drop.kinds.values():
        mine = rows[rows["verdict"].isin(_SHOWN) & rows["kind"].eq(kind.kind)]
        if may.share(kind) and len(mine):
            told = _of_kind(drop, may, kind, mine)
            named = told.rename(columns={c: f"{c}（{kind.label}）" for c in told if c != "ordinal"})
            found = found.merge(named, on="ordinal", how="left", validate="1:1")
    return found.dropna(axis=1, how="all") if len(found) else found  # of no rows every column is empty


def _of_kind(drop: Drop, may: Rights, kind: Kind, rows: pd.DataFrame) -> pd.DataFrame:
    """``ordinal``, the entity's name and the headings of each row of one kind."""
    cluster = _read(drop, "resolve", kind, "cluster", ["record_id", "entity_id"], "record_id", rows["record_id"])
    facts = _facts(drop, kind)
    cluster = cluster[cluster["entity_id"].isin(may.visible(kind, facts))]
    entity = rows["record_id"].map(cluster.set_index("record_id")["entity_id"])
    found = rows[["ordinal"]].copy()
    if (named := may.named(kind, entity)) is not None:
        found[ENTITY] = named
    said = rows[["ordinal", "record_id"]].assign(entity_id=entity).dropna(subset=["entity_id"])
    parts = list(_elsewhere(drop, may, kind, said)) if len(said) else []
    if parts:
        told = pd.concat(parts).groupby("ordinal", sort=True)["told"].agg("；".join)
        found[ELSEWHERE] = found["ordinal"].map(told)
    return found


def _facts(drop: Drop, kind: Kind) -> pd.DataFrame:
    """The night's facts of the kind: the id first, and what rights look at."""
    path = store.night_dir(drop.run, "merge", kind.kind) / f"{kind.table}.parquet"
    there = pq.read_schema(path).names
    return store.read_table(path, [there[0], *(name for name in _FACTS if name in there)]).to_pandas()


def _read(drop: Drop, room: str, kind: Kind, name: str, columns: list[str], by: str, among: pd.Series) -> pd.DataFrame:
    """Rows of a night's table whose ``by`` is among some ids."""
    path = store.night_dir(drop.run, room, kind.kind) / f"{name}.parquet"
    where = pc.field(by).isin(pa.array(list(among.dropna().unique()), pa.string()))
    return pq.read_table(path, columns=columns, filters=where, page_checksum_verification=True).to_pandas()


def _elsewhere(drop: Drop, may: Rights, kind: Kind, said: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """``ordinal told`` of the rows whose word of a property does not stand, property by property as they are headed."""
    columns = ["entity_id", "property", "record_id", "source"]
    claims = _read(drop, "merge", kind, "claim", columns, "entity_id", said["entity_id"])
    claims = claims[claims["source"].ne(drop.contract.source)]
    fed = drop.contract.columns_of(kind.kind)
    clear = may.clear(kind)
    for name in (name for name in fed if name in clear and name in kind.properties):
        won = claims[claims["property"].eq(name)].drop(columns="property")
        both = said.merge(won, on="entity_id", suffixes=("", "_won"))
        if len(both):
            words = _words(drop, kind, name, pd.concat([both["record_id"], both["record_id_won"]]))
            lost = _lost(both, words)
            yield pd.DataFrame({"ordinal": lost["ordinal"], "told": _told(drop, kind, name, lost, words)})


def _words(drop: Drop, kind: Kind, name: str, records: pd.Series) -> pd.DataFrame:
    """``word since`` of live records, by record id."""
    path = store.night_dir(drop.run, "account", "live") / f"{kind.kind}.parquet"
    column = name + _COMPARED.get(kind.properties[name].type, "")
    where = pc.field("record_id").isin(pa.array(list(records.unique()), pa.string()))
    columns = list(dict.fromkeys(["record_id", "since", name, column]))
    table = pq.read_table(path, columns=columns, filters=where, page_checksum_verification=True).to_pandas()
    table = table.set_index("record_id")
    return pd.DataFrame({"word": table[column].where(table[column].notna(), table[name]), "since": table["since"]})


def _lost(both: pd.DataFrame, words: pd.DataFrame) -> pd.DataFrame:
    """Those that say something, and something else than the word that stands."""
    own, other = (both[name].map(words["word"]) for name in ("record_id", "record_id_won"))
    return both[own.notna() & other.notna() & own.ne(other)]


def _told(drop: Drop, kind: Kind, name: str, lost: pd.DataFrame, words: pd.DataFrame) -> pd.Series:
    """Heading, whose word stands, and why: by the order in which merge chooses (transforms/merge/survive.sql)."""
    known = contracts.load_all(drop.run.settings.expectations)
    own = drop.contract.trust.get(name, DEFAULT_TRUST)
    trust = lost["source"].map({s: c.trust.get(name, DEFAULT_TRUST) for s, c in known.items()})
    newer = lost["record_id_won"].map(words["since"]).gt(lost["record_id"].map(words["since"]))
    heard = kind.heard is not None and kind.heard.property == name
    why = pd.Series(WHY["voices"], index=lost.index).mask(newer, WHY["newer"])
    why = why.mask(pd.Series(heard, index=lost.index), WHY["heard"]).mask(trust.gt(own), WHY["trust"])
    who = lost["source"].map(_names(known, kind))
    heading = drop.contract.columns_of(kind.kind)[name].heading
    return f"{heading}：以" + who + "为准（" + why + "）"


def _names(known: Mapping[str, Contract], kind: Kind) -> dict[str, str]:
    """Source → what it may be called."""
    person, issued = tables.load_all()[kind.table].person, set(kind.typed("document"))
    return {
        source: contract.owner.department if not person or issued & set(contract.registers.authority_for) else OTHERS
        for source, contract in known.items()
    }
