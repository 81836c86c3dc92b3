"""Writes the files of a night and the truth of their rows, several departments at once.

Every source of a night is one task, in a forked process unless the city is tiny; what it writes depends on nothing but
the night's state, so the bytes are the same for any number of processes. The parts of the truth are joined in a fixed
order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from demo import deliveries
from demo.compact import give_back
from demo.crew import Crew
from demo.damage import whole
from demo.draw import Dice
from demo.extract import TRUTH, Delivery, truth_tables
from demo.world import State

_HEAVY = ("gongan_hukou", "yibao_canbao")  # nearly everybody: first, at most one at a time
_LARGE = ("shebao_canbao", "wangge_renkou")  # workbooks of a third of everybody: last, beside each other
_MIDDLE = (  # more than 150 000 rows in a city of 2.9 million
    "dianli_yonghu", "gongan_liudong", "jiaoyu_xueji", "minzheng_diming", "shuiwu_gongshui", "zhujian_fangwu",
    "ziran_zongdi",
)  # fmt: skip
_SMALL_CITY = 800  # residents below which a fork a source takes longer than its file
_BIG_CITY = 1_500_000  # residents from which a heavy source (about 1.8 kB a row) meets small ones only


@dataclass(frozen=True)
class Written:
    """A file that was written: what there is to tell of it, and the parts of its truth by kind."""

    source: str
    file: str
    as_of: str
    correction: int
    headings: list[str]
    rows: int
    truth: dict[str, Path]
    fault: str = ""


@dataclass(frozen=True)
class Job:
    """A night's work: its state, the first night's and where the results go."""

    state: State
    first: State
    out: Path

    def source(self, source: str) -> list[Written]:
        """Write the files of one source."""
        made = dict(deliveries.of_night(self.state, self.first))[source]()
        return [_write(self, source, place, made) for place in range(len(made))]


def night(job: Job, processes: int) -> Iterator[Written]:
    """Write all files of a night; they are told in the order of the sources."""
    sources = [source for source, _ in deliveries.of_night(job.state, job.first)]
    if processes < 2 or len(job.state.persons) < _SMALL_CITY:
        for source in sources:
            yield from job.source(source)
        return
    for made_once in (job.state.world.address_names, job.state.world.building_codes, job.state.small_grid_names):
        del made_once  # made before the fork, so that it is made once
    give_back()
    done = _in_turns(job, sources, processes)
    for source in sources:
        yield from done[source]


def _in_turns(job: Job, sources: list[str], processes: int) -> dict[str, list[Written]]:
    """Keep the processes busy within the memory: heavy sources meet no heavy or large one, in a big city small ones."""
    left = sorted(sources, key=lambda source: (source not in _HEAVY, source in _LARGE, source))
    apart = _HEAVY + _LARGE + (_MIDDLE if len(job.state.persons) > _BIG_CITY else ())
    done: dict[str, list[Written]] = {}
    crew = Crew[list[Written]]()
    with crew:
        while left or crew.names:
            heavy = any(source in _HEAVY for source in crew.names)
            source = next((s for s in left if not (heavy and s in apart)), None)
            if source is not None and len(crew.names) < processes:
                left.remove(source)
                crew.start(source, partial(job.source, source))
                continue
            source, made = crew.next_done()
            done[source] = made
    return done


def _write(job: Job, source: str, place: int, made: list[Delivery]) -> Written:
    """Shuffle, write one file and note the truth of its rows; the delivery is let go."""
    delivery, state = made[place], job.state
    made[place] = None  # type: ignore[call-overload]  # its memory is needed for the next one
    as_of = delivery.as_of.strftime("%Y%m%d")
    label = f"{state.night} {as_of} {delivery.correction}"
    part = delivery.extract.shuffled(Dice(state.world.seed, "file order", source, label))
    correction, write, fault = delivery.correction, delivery.write, delivery.fault
    del delivery
    if fault:
        part = whole.before_writing(fault, part)
    name, content, first_line = write(part, as_of, correction)
    if fault:
        content = whole.after_writing(fault, content)
        part.errors[fault] = np.ones(part.rows, dtype=bool)
    folder = job.out / "drops" / state.day.isoformat() / source
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    del content
    if isinstance(first_line, int):
        first_line = np.arange(first_line, first_line + part.rows, dtype=np.int64)
    parts = {}
    for kind, table in truth_tables(state, part, sha256, first_line):
        path = job.out / "truth" / f".{state.night:04d}-{source}-{place}-{kind}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, TRUTH) as stream:
            stream.write_table(table)
        parts[kind] = path
    return Written(source, name, as_of, correction, list(part.columns), part.rows, parts, fault)


class TruthBook:
    """The truth's Parquet files, written file by file in the order (night, source, line)."""

    def __init__(self, folder: Path) -> None:
        """Open the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}

    def add(self, kind: str, path: Path) -> None:
        """Append the rows of one file and remove its part."""
        if kind not in self._writers:
            target = self._folder / f"{kind}.parquet"
            self._writers[kind] = pq.ParquetWriter(target, TRUTH, compression="zstd", write_page_checksum=True)
        with pa.memory_map(str(path)) as source:
            self._writers[kind].write_table(pa.ipc.open_file(source).read_all())
        path.unlink()

    def close(self) -> dict[str, int]:
        """Finish the files; returns the number of entities per kind."""
        counts = {}
        for kind, writer in sorted(self._writers.items()):
            writer.close()
            column = pq.read_table(self._folder / f"{kind}.parquet", columns=["entity"])["entity"]
            counts[kind] = len(column.unique())
        return counts
