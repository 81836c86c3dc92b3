"""How the labels of a public address corpus (NAACL 2019, 21 labels) map to our elements, and how texts are compared.

The map: prov, city, district, town → province, city, county, town (by name without its rank, because a gazetteer gives
codes; a division that the text leaves out is not counted as false) · community → group (村 and 社区 without their word)
· road, and a subroad behind it, → road (their 5组 is our group; our 文汇路553弄 is their road and number) · roadno,
subroadno → door · poi, devzone, and a subpoi behind it, → estate, else what our grammar leaves as residual without
digits · houseno → building · cellno → unit · floorno → floor · roomno → room · assist → relation.
Left out, because we have no such element: country, person, redundant, otherinfo, a subroad or subpoi that stands alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from transforms.standardise.address.normalise import normalise

PLAIN = {
    "prov": "province", "city": "city", "district": "county", "town": "town", "roadno": "door", "subroadno": "door",
    "houseno": "building", "cellno": "unit", "floorno": "floor", "roomno": "room", "assist": "relation",
}  # fmt: skip
JOINED = {"road": "subroad", "poi": "subpoi"}  # joined with what stands directly behind it
DIVISIONS = ("province", "city", "county", "town")
_RANK = re.compile(r"(?:壮族自治区|回族自治区|维吾尔自治区|自治区|自治州|自治县|街道|[省市县区镇乡街办])$")
_WORDS = {
    "door": r"(?:号院|大院|号门牌|号|弄|院)$", "unit": r"(?:单元|梯|号|门)+$", "floor": r"^第|(?:层|楼|F)$",
    "building": r"^第|(?:号楼|号栋|号幢|号座|栋楼|栋|幢|座|楼|#|号)+$", "room": r"(?:号房|号室|房|室|号|户|铺)$",
    "group": r"(?:自然村|村民小组|村委会|村|组|社区|队|小组)+$",
}  # fmt: skip
_GROUP = re.compile(r"(?P<name>.*?)(?P<number>\d+)组?")
_LANE = re.compile(r"(?P<road>.+(?:路|街|道))(?P<door>\d+)弄")
Spans = list[tuple[str, str]]
Elements = Counter[tuple[str, str]]


def sentences(path: Path) -> Iterator[Spans]:
    """(text, label) spans of each address of a CoNLL file, labels in lower case."""
    spans: Spans = []
    for line in path.read_text("utf-8").splitlines():
        if not line.strip():
            if spans:
                yield spans
            spans = []
            continue
        character, tag = line.split()
        begins, label = tag.lower().startswith("b-"), tag[2:].lower()
        if begins or not spans or spans[-1][1] != label:
            spans.append((character, label))
        else:
            spans[-1] = (spans[-1][0] + character, label)
    if spans:
        yield spans


def canonical(level: str, text: str) -> str:
    """An element's text without the words around it: 3号楼 and 3幢 are 3."""
    text = normalise(text).strip(",-. ")
    if level in DIVISIONS:
        short = _RANK.sub("", text)
        return short if len(short) > 1 else text
    return re.sub(_WORDS[level], "", text).lstrip("0") if level in _WORDS else text


def of_gold(spans: Spans) -> Elements:
    """The elements that the corpus's labels stand for."""
    found: Elements = Counter()
    for at, (text, label) in enumerate(spans):
        behind = spans[at + 1] if at + 1 < len(spans) else ("", "")
        joined = text + (behind[0] if behind[1] == JOINED.get(label) else "")
        if label in PLAIN:
            found[PLAIN[label], canonical(PLAIN[label], text)] += 1
        elif label == "community" or (label == "road" and text.endswith(("组", "队", "社"))):
            found["group", canonical("group", text)] += 1
        elif label == "road":
            found["road", canonical("road", joined)] += 1
        elif label in ("poi", "devzone"):
            found["estate", canonical("estate", joined)] += 1
    return found


def of_ours(said: Mapping[str, str | None], names: Mapping[str, str]) -> Elements:
    """The elements of one parsed address, each as :func:`canonical` writes it."""
    found: Elements = Counter()
    for level in DIVISIONS:
        if name := _division(said, level, names):
            found[level, canonical(level, name)] += 1
    said = dict(said) | _split_lane(said.get("road"))
    for level in ("road", "door", "building", "unit", "floor", "room", "lane"):
        if text := said.get(level):
            found["door" if level == "lane" else level, canonical(level, text)] += 1
    if said.get("group"):
        found += _groups(str(said["group"]))
    residual = str(said.get("residual") or "")
    if said.get("estate"):
        found["estate", str(said["estate"])] += 1
    elif residual and not re.search(r"\d", residual):
        found["estate", residual] += 1
    if said.get("relation"):
        found["relation", str(said["relation"]).rsplit(" ", maxsplit=1)[-1]] += 1
    return found


def _split_lane(road: str | None) -> dict[str, str]:
    lane = _LANE.fullmatch(road or "")
    return {"road": lane["road"], "lane": lane["door"]} if lane else {}


def _groups(group: str) -> Elements:
    numbered = _GROUP.fullmatch(group)
    parts = [numbered["name"], numbered["number"]] if numbered else [group]
    return Counter(("group", canonical("group", part)) for part in parts if part)


def _division(said: Mapping[str, str | None], level: str, names: Mapping[str, str]) -> str | None:
    """The name of a level's division; a name that several divisions bear counts, for it was read."""
    if code := said.get(level):
        return names.get(code)  # a province without divisions of its own in the table has no name here
    among = {names[c] for c in (said.get("among") or "").split("|") if c and _level(c) == level}
    return among.pop() if len(among) == 1 else None


def _level(code: str) -> str:
    bare = code.rstrip("0")
    return "province" if len(bare) <= 2 else "city" if len(bare) <= 4 else "county" if len(bare) <= 6 else "town"
