"""`python -m demo`: write a sample city."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from demo.city import build


def _say(text: str) -> None:
    """Progress goes to the error stream."""
    sys.stderr.write(text + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="Write the sample city's drops and truth.")
    parser.add_argument("--city", default="yunfu", help="a name in demo/cities")
    parser.add_argument("--residents", type=int, default=29_000, help="about how many residents")
    parser.add_argument("--nights", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--processes", type=int, default=2, help="departments that write at once; same bytes")
    parser.add_argument("--out", type=Path, required=True, help="gets drops/ and truth/")
    asked = parser.parse_args(arguments)
    try:
        summary = build(asked.city, asked.residents, asked.nights, asked.seed, asked.out, _say, asked.processes)
    except ValueError as error:
        _say(f"error: {error}")
        return 2
    total = sum(summary.rows.values())
    _say(f"{summary.residents} residents, {total} rows in {len(summary.nights)} nights, written to {asked.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
