"""Everything asked for is pinned and hashed, and everything asked for is used."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Distribution -> the module or command by which the project uses it, where the name is not the same.
USED_AS = {
    "apache-airflow": "airflow", "great-expectations": "great_expectations", "pyyaml": "yaml", "opencc": "opencc",
    "python-calamine": "python_calamine", "psycopg": "psycopg", "pytest-timeout": "timeout =",
    "pytest-xdist": "--numprocesses", "types-pyyaml": "yaml", "ruff": "ruff check", "mypy": "mypy",
    "fastapi": "airflow", "setuptools": "setuptools>=",
}  # fmt: skip
SEARCHED = ("transforms", "expectations", "dags", "demo", "tests", "sql", "bench")


def asked() -> list[str]:
    lines = (ROOT / "requirements.in").read_text("utf-8").splitlines()
    return [re.split(r"[=\[ #]", line)[0].lower() for line in lines if line and not line.startswith("#")]


def imported() -> set[str]:
    modules: set[str] = set()
    for folder in SEARCHED:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    modules |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    modules.add(node.module.split(".")[0])
    return modules


def test_every_package_is_pinned_and_hashed() -> None:
    text = (ROOT / "requirements.txt").read_text("utf-8")
    pinned = re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==[^ ]+ \\\n    --hash=sha256:", text, re.MULTILINE)
    requirements = re.findall(r"^[a-z0-9]\S*", text, re.MULTILINE | re.IGNORECASE)
    assert len(pinned) == len(requirements) > 100
    assert set(asked()) <= set(pinned)


def test_every_package_asked_for_is_used() -> None:
    names = asked()
    assert len(names) > 20
    modules = imported()
    texts = "".join((ROOT / name).read_text("utf-8") for name in ("Makefile", "pyproject.toml"))
    unused = [
        n for n in names if USED_AS.get(n, n).replace("-", "_") not in modules and USED_AS.get(n, "\0") not in texts
    ]
    assert unused == []
