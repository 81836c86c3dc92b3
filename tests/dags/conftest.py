"""An Airflow of the tests' own: its home is set before anything imports Airflow, which reads it once."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

ROOT = Path(__file__).parents[2]
FOLDER = tempfile.TemporaryDirectory(prefix="gridfacts-airflow-")


def airflow_environment(home: Path) -> dict[str, str]:
    """What dags/airflow.env asks for, and an Airflow home."""
    lines = (ROOT / "dags" / "airflow.env").read_text("utf-8").splitlines()
    asked = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return asked | {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags")}


os.environ.update(airflow_environment(Path(FOLDER.name)))


@pytest.fixture(scope="session")
def bag() -> DagBag:
    """The DAG files as the DAG processor reads them."""
    from airflow.dag_processing.dagbag import DagBag

    return DagBag(ROOT / "dags")
