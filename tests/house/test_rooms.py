"""The house rules of the rooms: who may import whom, who says what it does, how large a module gets."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("land", "check", "standardise", "locate", "link", "resolve", "merge", "publish", "account")
BESIDE = ("review", "reader", "receipts", "brakes", "retain", "shadow")  # docs/decisions/0006
FOLDERS = ("demo", "dags", "expectations", "sql", *(f"transforms/{name}" for name in (*ROOMS, *BESIDE)))
PACKAGES = ("transforms", "expectations", "demo", "dags")
COMMANDS = ROOT / "transforms" / "commands"
SOURCES = sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py"))
MODULE_LINES = 300


def imports(path: Path) -> set[str]:
    """Every module a file imports, also inside functions, as dotted names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def foreign_rooms(path: Path, own: str) -> set[str]:
    return {
        name for name in imports(path) for room in ROOMS if room != own and f"{name}.".startswith(f"transforms.{room}.")
    }


def test_the_probe_sees_imports(tmp_path: Path) -> None:
    path = tmp_path / "probe.py"
    path.write_text("def f():\n    from transforms import land\n    import transforms.check.verdict\n")
    assert foreign_rooms(path, "link") == {"transforms.land", "transforms.check.verdict"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_no_other_room(room: str) -> None:
    files = sorted((ROOT / "transforms" / room).rglob("*.py"))
    assert len(files) > 1, f"{room} has no code"
    assert {str(f): foreign_rooms(f, room) for f in files if foreign_rooms(f, room)} == {}


@pytest.mark.parametrize("package", BESIDE)
def test_what_stands_beside_the_rooms_imports_none_of_them_and_no_room_imports_it(package: str) -> None:
    files = sorted((ROOT / "transforms" / package).rglob("*.py"))
    assert len(files) > 1, f"{package} has no code"
    assert {str(f): foreign_rooms(f, "") for f in files if foreign_rooms(f, "")} == {}
    rooms = [p for room in ROOMS for p in (ROOT / "transforms" / room).rglob("*.py")]
    assert [p for p in rooms if any(f"{n}.".startswith(f"transforms.{package}.") for n in imports(p))] == []


def test_shared_modules_know_no_room_but_commands_do() -> None:
    shared = sorted((ROOT / "transforms").glob("*.py"))
    assert shared
    assert {p.name for p in shared if foreign_rooms(p, "")} == set()
    assert {p.name for p in COMMANDS.glob("*.py") if foreign_rooms(p, "")} >= {"night.py", "ask.py"}


def test_no_room_and_no_shared_module_imports_a_command_but_the_command_line_does() -> None:
    others = [p for p in SOURCES if p.parent != COMMANDS and any("transforms.commands" in n for n in imports(p))]
    assert [p.name for p in others] == ["cli.py"]


def test_demo_and_pipeline_share_no_code() -> None:
    demo = sorted((ROOT / "demo").rglob("*.py"))
    assert demo
    assert [p for p in demo if any(n.split(".")[0] in ("transforms", "expectations", "dags") for n in imports(p))] == []
    pipeline = [p for p in SOURCES if "demo" not in p.relative_to(ROOT).parts and p != COMMANDS / "demo.py"]
    assert [p for p in pipeline if any(n.split(".")[0] == "demo" for n in imports(p))] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_room_says_what_comes_in_and_what_leaves(folder: str) -> None:
    assert len((ROOT / folder / "README.md").read_text("utf-8")) > 300


def test_modules_stay_small() -> None:
    assert len(SOURCES) > 50
    lines = {str(p.relative_to(ROOT)): len(p.read_text("utf-8").splitlines()) for p in SOURCES}
    assert {name: count for name, count in lines.items() if count > MODULE_LINES} == {}
