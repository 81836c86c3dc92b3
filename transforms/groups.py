"""Groups of rows of a Parquet file, as they were written as pieces: read several side by side, or written again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from transforms import store
from transforms.threads import Task


def groups(path: Path, columns: list[str] | None = None, coded: list[str] | None = None) -> Iterator[Task[pa.Table]]:
    """What reads each group; the footer is read once, page checksums are verified.

    Raises:
        OSError: when one is read: the file is damaged.
    """
    footer = pq.read_metadata(path)

    def read(at: int) -> pa.Table:
        known = {"metadata": footer, "page_checksum_verification": True, "read_dictionary": coded}
        with pq.ParquetFile(path, **known) as file:
            return file.read_row_group(at, columns, use_threads=False)

    return (partial(read, at) for at in range(footer.num_row_groups))


def write_again(path: Path, target: Path, batch: str) -> None:
    """Write the rows of one batch's table as those of another, as the other would be written by itself.

    Raises:
        OSError: the file is damaged.
    """
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        groups = map(file.read_row_group, range(file.num_row_groups)) if file.num_row_groups else iter([file.read()])
        store.write_pieces(target, (_of_batch(rows, batch) for rows in groups))


def _of_batch(rows: pa.Table, batch: str) -> pa.Table:
    at = rows.schema.get_field_index("batch")
    rows = rows.set_column(at, rows.schema.field(at), pa.repeat(pa.scalar(batch, pa.string()), rows.num_rows))
    plain = [one.with_type(pa.list_(one.type.value_type)) if pa.types.is_list(one.type) else one for one in rows.schema]
    return rows.cast(pa.schema(plain))  # Parquet has another name for what a list holds, and keeps it as it is told
