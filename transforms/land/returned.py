"""A returned receipt is a partial correction: the file it is of with the cells that were mended; nothing is withdrawn.

Its batch has the ``as_of`` of that file and the next correction. Its rows are the rows of that file, by line; a cell
that differs from what the receipt showed is mended. Rows that the receipt does not hold (above 300 000 rows it has
those alone that need a look, or somebody deleted some) stay as they were.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms import contract as contracts
from transforms import decisions, model, receipt_form, store
from transforms.errors import HeldError, RefusedError
from transforms.land import sandbox
from transforms.land.child import TABLE, Result
from transforms.land.job import Job
from transforms.land.rows import digests
from transforms.model import Batch
from transforms.run import Settings

_LONGEST = 32_767  # characters of a workbook's cell: longer ones were cut in the receipt
_FORBIDDEN = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x{fffe}\\x{ffff}]"  # the receipt shows U+FFFD in their place
_SHOWN = 5  # lines that are told
JobOf = Callable[[Settings, Batch, int], Job]


def batch_of(settings: Settings, source: str, sha256: str, size: int, job_of: JobOf) -> Batch:
    """The batch that a returned receipt is: of the day of the file it mends, the correction after the last.

    Raises:
        RefusedError: it is no receipt that can be read.
        HeldError: ``RECEIPT_UNKNOWN``: not of a file of this source that was landed. ``RECEIPT_OLD``: the file was
            corrected since.
    """
    place = Batch(source, "1970-01-01", 0, sha256)  # it tells the rows nothing yet
    scratch = settings.home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="returned.", dir=scratch) as folder:
        _, result = _parse(_job(settings, place, size, job_of), store.raw_path(settings, sha256), Path(folder))
    mended = _known(settings, source, result.mends or "")
    same_day = [one for one in _landed(settings, source) if one.as_of == mended.as_of]
    if again := [one for one in same_day if one.sha256 == sha256 and store.mends(settings, one.id) == mended.id]:
        return again[0]
    recalled = decisions.recalls(settings)
    if max((one for one in same_day if not recalled.get(one.id)), default=None) != mended:
        raise HeldError("RECEIPT_OLD", "the file was corrected since: mend the receipt of the last correction")
    batch = replace(mended, correction=max(one.correction for one in same_day) + 1, sha256=sha256)
    store.note_mends(settings, batch.id, mended.id)
    return batch


def _known(settings: Settings, source: str, said: str) -> Batch:
    try:
        mended = Batch.parse(said)
    except ValueError:
        raise RefusedError("RECEIPT", "the receipt does not say of which batch it is") from None
    if mended not in _landed(settings, source):
        raise HeldError("RECEIPT_UNKNOWN", "the receipt is of no file of this source that was landed")
    return mended


def _landed(settings: Settings, source: str) -> list[Batch]:
    folder = store.batch_dir(settings, "land", f"{source}-").parent
    return [Batch.parse(path.name) for path in sorted(folder.glob(f"{source}-*")) if (path / TABLE).is_file()]


def parse(
    settings: Settings, batch: Batch, mended: tuple[Path, Result], folder: Path, job_of: JobOf
) -> tuple[Path, Result]:
    """Split a returned receipt into the rows of the file it mends.

    Args:
        settings: where the lake is.
        batch: of the receipt.
        mended: the table of that file, and what was learnt of it.
        folder: where to write.
        job_of: what the parser is told.

    Raises:
        RefusedError: ``RECEIPT``: rows without a line of that file, or twice. ``NOTHING_MENDED``.
    """
    told = store.read_table(mended[0])
    raw = store.raw_path(settings, batch.sha256)
    path, _ = _parse(_job(settings, batch, raw.stat().st_size, job_of), raw, folder)
    fresh, lines, cells = _mended(settings, batch, told, store.read_table(path))
    store.write_table(folder / TABLE, fresh)
    note = f"{cells} cells of {len(lines)} rows were mended in a returned receipt, the first in line {lines[0]}"
    return folder / TABLE, replace(mended[1], notes=[*mended[1].notes, note], mends=None)


def _job(settings: Settings, batch: Batch, size: int, job_of: JobOf) -> Job:
    contract = contracts.load_all(settings.expectations)[batch.source]
    line = receipt_form.beside(receipt_form.LINE, contract.landed_headings)
    return replace(
        job_of(settings, batch, size), format="receipt", sheet=contract.arrives.sheet or receipt_form.ROWS,
        landed=(line, *contract.landed_headings), known=(line, *contract.landed_headings), others={}, aliases={},
        merged=(), comment_prefix=None, footer_marks=(),
    )  # fmt: skip


def _parse(job: Job, raw: Path, folder: Path) -> tuple[Path, Result]:
    return folder / TABLE, sandbox.insist(sandbox.parse(job, raw, folder))


def _mended(settings: Settings, batch: Batch, told: pa.Table, back: pa.Table) -> tuple[pa.Table, list[int], int]:
    """The file's rows with the mended cells; the lines concerned; how many cells."""
    contract = contracts.load_all(settings.expectations)[batch.source]
    headings = list(contract.landed_headings)
    place = _places(told, back, receipt_form.beside(receipt_form.LINE, headings))
    shown = told.take(place)
    open_row = pc.fill_null(pc.not_equal(shown["fault"], model.NOT_TAKEN_OVER), True)
    nothing = pa.scalar("" if contract.arrives.format == "csv" else None, pa.string())
    changed = {name: pc.and_(open_row, _differs(shown[name], back[name])).combine_chunks() for name in headings}
    counts = {name: int(pc.sum(one).as_py() or 0) for name, one in changed.items()}
    any_row = pa.array([False] * back.num_rows)
    for one in changed.values():
        any_row = pc.or_(any_row, one)
    lines = sorted(shown["line"].filter(any_row).to_pylist())
    if not lines:
        raise RefusedError("NOTHING_MENDED", "no cell of the receipt differs from the file it is of")
    rows, at = shown.filter(any_row), place.filter(any_row)
    for name in headings:
        new = pc.if_else(pc.is_null(back[name]), nothing, back[name])
        rows = _put(rows, name, pc.if_else(changed[name], new, shown[name]).filter(any_row))
    rows = _put(
        rows, "numeric", _numeric(rows, back.filter(any_row), {n: changed[n].filter(any_row) for n in headings})
    )
    rows = _put(rows, "fault", pa.nulls(rows.num_rows, pa.string()))
    rows = _put(rows, "digest", digests([rows[name].combine_chunks() for name in headings], rows.num_rows))
    kept = told.filter(pc.invert(pc.is_in(told["ordinal"], value_set=told["ordinal"].take(at).combine_chunks())))
    whole = pa.concat_tables([kept, rows.cast(kept.schema)]).sort_by("ordinal")
    whole = _put(whole, "batch", pa.array([batch.id] * whole.num_rows, pa.string()))
    return whole.combine_chunks(), lines, sum(counts.values())


def _places(told: pa.Table, back: pa.Table, line: str) -> pa.Array:
    """For every row of the receipt the position of the file's row.

    Raises:
        RefusedError: ``RECEIPT``: a row cannot be read, names no line of the file, or names one twice.
    """
    found = pc.index_in(back[line], value_set=pc.cast(told["line"], pa.string()).combine_chunks())
    sound = pc.and_(pc.is_null(back["fault"]), pc.is_valid(found))
    if not pc.all(sound).as_py():
        wrong = back["line"].filter(pc.invert(sound)).to_pylist()
        told_rows = ", ".join(map(str, wrong[:_SHOWN]))
        raise RefusedError("RECEIPT", f"{len(wrong)} rows name no line of the file; rows of the sheet: {told_rows}")
    if len(pc.unique(found)) != back.num_rows:
        raise RefusedError("RECEIPT", "two rows of the sheet name the same line of the file")
    return found.combine_chunks()


def _differs(sent: pa.ChunkedArray, back: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whether a cell says something else than the receipt showed of what was sent."""
    shown = pc.utf8_slice_codeunits(
        pc.replace_substring_regex(pc.fill_null(sent, ""), _FORBIDDEN, "\ufffd"), 0, _LONGEST
    )
    return pc.not_equal(_line_ends(shown), _line_ends(pc.fill_null(back, "")))


def _line_ends(text: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.replace_substring(pc.replace_substring(text, "\r\n", "\n"), "\r", "\n")


def _numeric(rows: pa.Table, back: pa.Table, changed: dict[str, pa.ChunkedArray]) -> pa.Array:
    """The headings whose cell was a number: of mended cells as they came back, of others as they were sent."""
    columns = {name: one.to_pylist() for name, one in changed.items()}
    found = []
    for number, (sent, came) in enumerate(zip(rows["numeric"].to_pylist(), back["numeric"].to_pylist(), strict=True)):
        before, now = set((sent or "").split("|")), set((came or "").split("|"))
        found.append("|".join(n for n, one in columns.items() if n in (now if one[number] else before)) or None)
    return pa.array(found, pa.string())


def _put(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), table.schema.field(name), column)
