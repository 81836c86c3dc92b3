"""A receipt of 300 000 rows beside a bare XLSX writer (openpyxl, write-only) of the same rows and columns.

    python -m bench.receipts_xlsx [--rows 300000] [--out bench/receipts_xlsx.json]

Lands and checks a made-up register first (not timed), folds it and marks the night as done, then measures in processes
of their own: the receipt at once, the receipt after the night, and the bare writer (reading the rows is not counted).
Seconds of wall and of processor, and the size. All values are synthetic: area 449990 belongs to no county, prefix 154
to no operator.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import openpyxl
import pyarrow as pa
import python_calamine

from transforms import account, check, keys, land, manifest, receipts, standardise, store
from transforms.run import Run

NIGHT, SOURCE = "2026-10-01", "gongan_hukou"
FILE = "户籍人口_20261001.csv"
HEAD = "人员编号,姓名,曾用名,公民身份号码,性别,民族,出生日期,户号,与户主关系,户籍地址,现住址,联系电话,户口状态,状态日期"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # ISO 7064 MOD 11-2
STEPS = ("at once", "after the night", "openpyxl write-only")


def line(number: int) -> str:
    """One row of the register; every twentieth has something wrong."""
    day = f"19{50 + number % 50}{number % 12 + 1:02}{number % 28 + 1:02}"
    body = f"449990{day}{number % 1000:03}"
    check = "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]
    phone = "11111111111" if number % 20 == 0 else f"154{number:08}"
    address = (
        f"云城区云城街道龙塘社区浮石路{number % 300}号{number % 9 + 1}栋{number % 3 + 1}单元{number % 900 + 100}室"
    )
    cells = (
        f"RY{number:09}", f"示例{number % 5000}", "", body + check, str(number % 2 + 1), "01", day, f"H{number // 3}",
        "其他", address, address, phone, "正常", "",
    )  # fmt: skip
    return ",".join(cells)


def prepare(home: Path, rows: int) -> None:
    """Land, check, standardise and fold the register; then write what says that the night is done."""
    box = home / "drops" / SOURCE
    box.mkdir(parents=True)
    text = "\n".join([HEAD, *map(line, range(rows))]) + "\n"
    (box / FILE).write_bytes(text.encode("gb18030"))
    keys.create(home / "keys.yml")
    run = Run.of(NIGHT)
    for room in (land, check, standardise):
        room.run(run, [SOURCE])
    account.apply(run)
    live = store.read_table(store.night_dir(run, "account", "live") / "person.parquet", ["record_id"])
    located = {
        "record_id": live["record_id"], "property": pa.array(["actual_address"] * live.num_rows),
        "rank": pa.array([1] * live.num_rows, pa.int32()), "address_id": pa.array(["a" * 26] * live.num_rows),
        "match_class": pa.array(["exact"] * live.num_rows), "grid_id": pa.array(["g" * 26] * live.num_rows),
        "reason": pa.nulls(live.num_rows, pa.string()),
    }  # fmt: skip
    told = {
        ("account", "release"): {"outcome": pa.table({"batch": store.landed(run, SOURCE)})},
        ("locate", "place"): {"library": pa.table({"address_id": ["a" * 26], "path": ["x"], "full_text": ["x"]})},
        ("locate", "person"): {"person": pa.table(located)},
        ("merge", "grid"): {"std_grid": pa.table({"grid_id": ["g" * 26], "code": ["4453020010191018"]})},
    }
    for (room, part), tables in told.items():
        with store.output(store.night_dir(run, room, part)) as folder:
            for name, table in tables.items():
                store.write_table(folder / f"{name}.parquet", table)
            manifest.write(folder, room, {})


def step(name: str, home: Path, out: Path) -> None:
    """One measured step, in this process."""
    if name == STEPS[2]:
        bare(home, out)
        return
    books = home / "lake" / "night" / NIGHT / "account" / "release"
    aside = books.with_name("aside")
    if name == STEPS[0]:
        books.rename(aside)
    try:
        (made,) = receipts.make(Run.of(NIGHT), out, SOURCE)
    finally:
        if aside.exists():
            aside.rename(books)
    if made.phase != ("received" if name == STEPS[0] else "night"):
        raise SystemExit(f"the receipt is of phase {made.phase}")


def bare(home: Path, out: Path) -> None:
    """The rows of the finished receipt, written by openpyxl; reading them is not timed (it is subtracted)."""
    (path,) = (home / "receipts" / "after the night").rglob("*.xlsx")
    rows = python_calamine.load_workbook(path).get_sheet_by_index(0).to_python()
    wall, processor = time.perf_counter(), time.process_time()
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("数据")
    for row in rows:
        sheet.append(row)
    out.mkdir(parents=True, exist_ok=True)
    book.save(out / "bare.xlsx")
    print(json.dumps({"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}))


def measure(name: str, home: Path) -> dict[str, float]:
    """Run a step in a process of its own."""
    out = home / "receipts" / name
    start = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "bench.receipts_xlsx", "--step", name, "--home", str(home)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = {
        "wall": time.perf_counter() - start,
        "processor": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }
    if done.stdout.startswith("{"):
        found |= json.loads(done.stdout)
    sizes = [path.stat().st_size for path in out.rglob("*.xlsx")]
    return {key: round(value, 2) for key, value in found.items()} | {"megabytes": round(sum(sizes) / 1e6, 1)}


def main() -> None:
    """Measure and write JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=300_000)
    options.add_argument("--out", type=Path, default=None)
    options.add_argument("--step", choices=STEPS)
    options.add_argument("--home", type=Path)
    told = options.parse_args()
    home = told.home or Path(tempfile.mkdtemp(prefix="receipts-"))
    os.environ["GRIDFACTS_HOME"] = str(home)
    if told.step:
        step(told.step, home, home / "receipts" / told.step)
        return
    try:
        prepare(home, told.rows)
        found = {"rows": told.rows, "cores": os.cpu_count(), "steps": {name: measure(name, home) for name in STEPS}}
    finally:
        shutil.rmtree(home)
    text = json.dumps(found, ensure_ascii=False, indent=1)
    if told.out:
        told.out.write_text(text + "\n", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
