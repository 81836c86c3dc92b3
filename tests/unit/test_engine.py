"""One engine, several sets of names."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from transforms.engine import Engine
from transforms.run import Settings

STEPS = "-- step: twice\nSELECT n * 2 AS n FROM given\n\n-- step: sum\nSELECT SUM(n) AS n FROM twice\n"


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    path = tmp_path / "steps.sql"
    path.write_text(STEPS, "utf-8")
    return path


def test_what_one_part_of_an_engine_is_given_or_makes_no_other_part_sees(tmp_path: Path, steps: Path) -> None:
    with Engine(Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)})) as engine:
        with engine.apart() as one, engine.apart() as other:
            assert one.run(steps, {"given": pa.table({"n": [1, 2]})})["n"].to_pylist() == [6]
            for name in ("given", "twice"):
                with pytest.raises(Exception, match=f"{name} does not exist"):
                    other.table(name)
            assert other.run(steps, {"given": pa.table({"n": [5]})})["n"].to_pylist() == [10]
            assert sorted(one.table("twice")["n"].to_pylist()) == [2, 4]
        assert engine.run(steps, {"given": pa.table({"n": [7]})})["n"].to_pylist() == [14], (
            "its parts are closed, not it"
        )
