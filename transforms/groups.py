"""Groups of rows of a Parquet file, as they were written as pieces, for whoever reads several side by side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

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
