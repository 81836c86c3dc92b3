"""Where a fact is: the best located candidate of the record that won its address, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms import model
from transforms.merge.golden import Golden

REASONS = pa.array(["no_address", "village_only", "outside", "unresolved"])


@dataclass(frozen=True)
class Places:
    """Per entity, its place by one address property, as parallel columns.

    Attributes:
        named: somebody names one; where nobody does, all else is null.
        address_id: building_id, house_id: nodes of the library; null where the text leads to none.
        division_code: the village (or town, or county) known of it.
        reason: why there is no address; null where there is one.
    """

    named: npt.NDArray[np.bool_]
    address_id: pa.Array
    building_id: pa.Array
    house_id: pa.Array
    division_code: pa.Array
    reason: pa.Array

    def known(self, address_id: pa.Array) -> Places:
        """The library's own node where it has one."""
        nothing = pa.scalar(None, pa.string())
        reason = pc.if_else(pc.is_valid(address_id), nothing, self.reason)
        return replace(self, address_id=pc.coalesce(address_id, self.address_id), reason=reason)


class Located:
    """The best candidate of every (record, property) of a located table."""

    def __init__(self, located: pa.Table | None) -> None:
        """Keep rank 1 of a model.LOCATED; None where locate has nothing of the kind."""
        found = model.LOCATED.empty_table() if located is None else located
        self._best = found.filter(pc.equal(found["rank"], 1))

    def of(self, golden: Golden, name: str) -> Places:
        """Per entity, the place that the winner of address property ``name`` gives."""
        won = golden.winners[name]
        best = self.best(golden, name, name)
        told = [golden.value(f"{name}_{level}", name) for level in ("village", "town", "county")]
        village = pc.coalesce(best["village"].combine_chunks(), told[0])
        address = best["address_id"].combine_chunks()
        reason = best["reason"].combine_chunks()
        guessed = pc.if_else(pc.is_valid(village), "village_only", "unresolved")
        reason = pc.if_else(pc.is_in(reason, REASONS), reason, guessed)
        reason = pc.if_else(pa.array((won < 0) | address.is_valid().to_numpy(zero_copy_only=False)), None, reason)
        building, house = best["building_id"].combine_chunks(), best["house_id"].combine_chunks()
        return Places(won >= 0, address, building, house, pc.coalesce(village, *told[1:]), reason)

    def best(self, golden: Golden, name: str, by: str) -> pa.Table:
        """Per entity, the candidate for property ``name`` of the record that won ``by``; nulls where there is none."""
        won = golden.winners[by]
        of_name = self._best.filter(pc.equal(self._best["property"], name))
        ids = golden.live.ids.take(pa.array(won, mask=won < 0))
        return of_name.take(pc.index_in(ids, of_name["record_id"].combine_chunks(), skip_nulls=True))


def first(*options: Places) -> Places:
    """Per entity the first place that somebody names, else nowhere, for want of an address."""
    size = len(options[0].named)
    nothing = pa.nulls(size, pa.string())
    found = Places(
        np.zeros(size, dtype=bool), nothing, nothing, nothing, nothing, pa.repeat(pa.scalar("no_address"), size)
    )
    for place in reversed(options):
        mask = pa.array(place.named)
        columns = (
            pc.if_else(mask, getattr(place, c), getattr(found, c))
            for c in ("address_id", "building_id", "house_id", "division_code", "reason")
        )
        found = Places(place.named | found.named, *columns)
    return found


def columns(places: Places) -> dict[str, pa.Array]:
    """address_id, building_id, house_id, division_code and place_reason of facts."""
    return {
        "address_id": places.address_id,
        "building_id": places.building_id,
        "house_id": places.house_id,
        "division_code": places.division_code,
        "place_reason": places.reason,
    }
