"""Which divisions and roads real addresses name together: the counts behind ``demo/data/address_heads.csv``.

Counted over the NAACL 2019 training set by its gold labels (prov, city, district, town, community, road), apart by
what the text stands by: an estate (label poi), a road without one, a villagers' group without either (their road that
ends in 组, 队 or 社, as in places_labels.py), or nothing of these, as a hamlet is written. Numbers only, no text.

    python -m bench.places_heads > demo/data/address_heads.csv
"""

from __future__ import annotations

import csv
import os
import sys
from collections import Counter
from pathlib import Path

from bench.places_labels import Spans, sentences
from bench.places_real_text import VARIABLE

NAMES = {"prov": "province", "city": "city", "district": "county", "town": "town", "community": "village",
         "road": "road"}  # fmt: skip
_GROUPS = ("组", "队", "社")


def pattern(spans: Spans) -> tuple[str, ...]:
    """What a text stands by, and 1 or 0 for each of :data:`NAMES`."""
    grouped = any(label == "road" and text.endswith(_GROUPS) for text, label in spans)
    said = {label for text, label in spans if label != "road" or not text.endswith(_GROUPS)}
    by = "estate" if "poi" in said else "road" if "road" in said else "group" if grouped else "hamlet"
    return (by, *(str(int(label in said)) for label in NAMES))


def main() -> None:
    """Print the table, the most frequent patterns first."""
    path = Path(os.environ[VARIABLE]) / "cn_addr_parse_naacl19" / "train.txt"
    counts = Counter(pattern(spans) for spans in sentences(path))
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["by", *NAMES.values(), "texts"])
    out.writerows((*key, count) for key, count in sorted(counts.items(), key=lambda row: (row[0][0], -row[1], row[0])))


if __name__ == "__main__":
    main()
