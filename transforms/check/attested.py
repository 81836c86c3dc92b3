"""Findings that a person answered: the rule does not fire for exactly that record, heading and value."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import attested, model
from transforms.check.verdict import Verdicts
from transforms.contract import Contract
from transforms.run import Settings


def without(
    settings: Settings, contract: Contract, landed: pa.Table, found: Verdicts, told: attested.Attested
) -> Verdicts:
    """The verdicts less what was attested; a row without another reason to wait is accepted.

    Args:
        settings: whose keys make the tokens.
        contract: of the source.
        landed: the rows that were judged.
        found: what the rules say of them.
        told: standing attestations of the source.
    """
    keep = np.ones(found.finding.num_rows, dtype=bool)
    for rule, heading in sorted({(rule, heading) for rule, heading, _ in told}):
        mine = pc.and_(pc.equal(found.finding["rule"], rule), pc.equal(found.finding["field"], heading))
        at = np.flatnonzero(pc.fill_null(mine, fill_value=False).to_numpy())
        if not len(at) or heading not in landed.column_names:
            continue
        ordinals = found.finding["ordinal"].take(pa.array(at)).combine_chunks()
        rows = landed.take(pc.index_in(ordinals, value_set=landed["ordinal"].combine_chunks()))
        tokens = attested.tokens(settings, contract, rows, rule, heading)
        keep[at] = [(rule, heading, token) not in told for token in tokens]
    if keep.all():
        return found
    finding = found.finding.filter(pa.array(keep))
    freed = set(found.finding["ordinal"].filter(pa.array(~keep)).to_pylist())
    return Verdicts(_verdict(found.verdict, finding, freed), finding, found.finding.filter(pa.array(~keep)))


def _verdict(verdict: pa.Table, finding: pa.Table, freed: set[int]) -> pa.Table:
    """Verdicts of the freed rows told again: the first reason that is left (findings of a row stand by weight)."""
    left: dict[int, tuple[str | None, str | None]] = {}
    mine = pc.is_in(finding["ordinal"], value_set=pa.array(sorted(freed), model.LONG))
    for row in finding.filter(pc.and_(mine, pc.equal(finding["effect"], "quarantine"))).to_pylist():
        left.setdefault(row["ordinal"], (row["rule"], row["field"]))
    concerned = pc.is_in(verdict["ordinal"], value_set=pa.array(sorted(freed), model.LONG)).combine_chunks()
    told = [left.get(ordinal, (None, None)) for ordinal in verdict["ordinal"].filter(concerned).to_pylist()]
    columns = {
        "accepted": pa.array([rule is None for rule, _ in told], model.BOOL),
        "rule": pa.array([rule for rule, _ in told], model.TEXT),
        "field": pa.array([field for _, field in told], model.TEXT),
    }
    for name, values in columns.items():
        changed = pc.replace_with_mask(verdict[name].combine_chunks(), concerned, values)
        verdict = verdict.set_column(verdict.schema.get_field_index(name), name, changed)
    return verdict.cast(model.VERDICT)
