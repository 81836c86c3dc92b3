"""The grammar below the village: group, road, door, estate, building, unit, floor, room, relation, residual.

Regular expressions in the order in which addresses are written; what fits nowhere is residual, and nothing after
a residual is read: a wrong element is worse than a missing one. Element texts are canonical (``1502`` for 1502房,
1502室 and 15层02; ``3`` for 3栋, 3幢, 三座 and 3号楼; ``12-1`` for 12号之一 and 12号附1号).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

ELEMENTS = ("group", "road", "door", "estate", "building", "unit", "floor", "room")
_H = r"\u3400-\u9fff\U00020000-\U0003ffff"  # Chinese characters
_SEP = r"[,\-.]*"
_NAME = rf"[{_H}A-Z·]"
_PLAIN = rf"(?![号栋幢室])[{_H}A-Z·]"
_STREET = rf"(?:(?!与)[{_H}A-Z])"  # 人民路与解放路: two roads
_BUILDING_WORD = r"(?:号楼|号栋|号座|号幢|栋楼|栋|幢|座|\#楼?)"
_GROUP_WORD = r"(?:村民小组|小组|组|生产队|队)"
_ESTATE_ENDS = (
    "花园|苑|小区|豪庭|华府|名都|名庭|新城|公寓|山庄|豪园|家园|广场|大厦|庭院|商住楼|市场|工业园|产业园|大楼|中心|"
    "花苑|新村|城|湾|府|庄园|学校|小学|中学|幼儿园|医院|商场|园区|宿舍|别墅|雅居|公馆|园|期"
)

_GROUP = re.compile(
    rf"{_SEP}(?:(?P<hamlet>(?![号栋幢室]){_STREET}{{1,8}}?)(?:自然村|村民小组|村小组|小组|经济社|组|队|村(?!自然村|村民小组|小组|组|村))"
    rf"(?![路街巷道里]|\d*{_BUILDING_WORD})|(?P<bare>(?![号栋幢室]){_STREET}{{2,5}}?)(?<![路街道巷])(?=第?\d+{_GROUP_WORD}))?"
    rf"{_SEP}(?:第?(?P<number>\d+){_GROUP_WORD})?"
)
_ROAD = re.compile(
    rf"{_SEP}(?P<road>(?!第?\d+(?:号|栋|幢|座|单元|层|室|楼)|[号栋幢室])(?:{_STREET}|\d){{1,10}}?"
    r"(?:大道|大街|胡同|[国省县乡]道|(?<=\d)线|路|街(?!道)|巷|弄|道|里(?=\d+号))"
    rf"(?:(?:\d+|[{_H}]{{1,3}}?)(?:路|街|横巷|巷|弄|里(?=\d)))*)(?![口边旁沿])"
)
_DOOR = re.compile(
    r"(?:门牌)?(?P<door>\d+[甲乙丙丁]?(?:-\d{1,3})?)(?:号(?:大?院|门牌)?|大?院)(?![楼栋幢座房室铺商单梯]|-\d{3})"
)
# 人民路12锦绣花园: a plate without its word, where nothing else can follow a number.
_BARE_DOOR = re.compile(
    rf"(?P<door>\d{{1,4}}(?:-\d{{1,2}})?)(?=$|,|(?![号栋幢座单层楼室房组队巷街弄期户铺村区年路社门])[{_H}])"
)
_AREA = re.compile(
    rf"(?P<area>[{_H}A-Z\d]{{2,}}?(?:工业园区|工业园|工业区|开发区|产业园|园区|小区|社区|市场|新区|商贸城|新村))"
    rf"(?={_STREET}{{2,}})"
)
_UPPER = re.compile(rf"[{_H}]{{2,}}(?:街道|[镇乡县市区])(?=[{_H}]{{2,}})")
_THROUGH = re.compile(rf"[{_H}]{{2,}}(?:路|大道|街)(?=[{_H}]{{2,}})")
_ESTATE = re.compile(
    rf"(?P<estate>(?![A-Z甲乙丙丁东南西北]?{_BUILDING_WORD}){_PLAIN}{{2,14}}?(?:\d期)?)(?=第?[A-Z]?\d|第?[A-Z甲乙丙丁东南西北]?{_BUILDING_WORD}|[A-Z](?:单元|座|栋)|,|$)"
)
_BUILDING = re.compile(rf"第?(?P<building>\d+|[A-Z]\d{{0,2}}|[甲乙丙丁东南西北]){_BUILDING_WORD}")
_UNIT = re.compile(r"第?(?P<unit>\d+|[A-Z甲乙丙丁])(?:号?单元|梯)")
_FLOOR = re.compile(r"第?(?P<floor>负?\d+|B\d)(?:层|楼|F(?![A-Z0-9]))")
_ROOM = re.compile(r"(?P<room>[A-Z]?\d+[A-Z]?)(?:号房|号室|号铺|号商铺|房|室|户|铺面|铺位|铺|商铺|档口?|号)?(?=,|$)")
_TRIPLE = re.compile(r"(?P<building>\d+)-(?P<unit>\d{1,2})-(?P<room>\d{3,4})(?:房|室|号)?(?=,|$)")
_PAIR = re.compile(r"(?P<first>\d{1,3}|[A-Z])-(?P<room>\d{3,4})(?:房|室|号)?(?=,|$)")
_RELATION = re.compile(
    r"(?:与[^,]{2,10}?)?(?:附近|[斜正]?对[面过]|旁边?|边上|隔壁|交叉口|交[汇叉界]处|路口|[前后](?:面|方|侧)|大?门[口前]|出?入口|楼[上下]|"
    r"[往向以][东南西北]{1,2}(?:约?\d+米?)?|[东南西北]{1,2}[侧面边]?约?\d+米处?|[东南西北]{1,2}侧)$"
)
_SEPARATORS = re.compile(_SEP)
_HAMLET_TAIL = re.compile(r"(?P<stem>.{2,})(?:自然村|村)")
_MAX_FLOOR_DIGITS = 2


@dataclass(slots=True)
class Elements:
    """Canonical element texts; None where the text does not say."""

    group: str | None = None
    road: str | None = None
    door: str | None = None
    estate: str | None = None
    building: str | None = None
    unit: str | None = None
    floor: str | None = None
    room: str | None = None
    relation: str | None = None
    residual: str | None = None

    def path(self) -> list[str]:
        """``level:text`` from coarse to fine."""
        return [f"{level}:{text}" for level in ELEMENTS if (text := getattr(self, level)) is not None]

    def finest(self) -> str | None:
        """The finest level said."""
        return next((level for level in reversed(ELEMENTS) if getattr(self, level) is not None), None)


FIELDS = tuple(f.name for f in fields(Elements))


def parse(text: str) -> Elements:
    """Read the elements of a normalised text from which the divisions were taken."""
    found = Elements()
    text = text.strip(",-. ")
    if not text:
        return found
    relation = _RELATION.search(text)
    if relation:
        text = text[: relation.start()]
    at = _group(found, text)
    at = _road_and_door(found, text, at)
    at = _estate(found, text, at)
    at = _inside(found, text, at)
    rest = text[at:].strip(",-. ")
    if rest and found.road is None and found.estate is not None:
        rest = _road_after(found, rest)
    found.residual = ",".join(part for part in (found.residual, rest) if part) or None
    _settle(found)
    if relation:
        _relate(found, relation.group())
    return found


def _skip(text: str, at: int) -> int:
    found = _SEPARATORS.match(text, at)
    return found.end() if found else at


def _group(found: Elements, text: str) -> int:
    match = _GROUP.match(text)
    hamlet = match and (match["hamlet"] or match["bare"])
    if match is None or not (hamlet or match["number"]):
        return 0
    if hamlet and _THROUGH.match(hamlet):  # 机场大道黄山村: the road comes first
        return 0
    if hamlet:
        hamlet = _UPPER.sub("", hamlet, count=1)  # a town that nobody knows
    if hamlet and len(hamlet) == 1:  # 新村: the suffix belongs to the name
        hamlet += "村"
    if hamlet and (tail := _HAMLET_TAIL.fullmatch(hamlet)):
        hamlet = tail["stem"]
    number = f"{int(match['number'])}组" if match["number"] else ""
    found.group = (hamlet or "") + number
    return match.end()


def _road_and_door(found: Elements, text: str, at: int) -> int:
    if road := _ROAD.match(text, at):
        found.road = road["road"]
        if area := _AREA.match(found.road):  # 三都工业区爱民路: where the road is, not its name
            found.road, found.residual = found.road[area.end() :], area["area"]
        at = road.end()
    return _door(found, text, at)


def _door(found: Elements, text: str, at: int) -> int:
    start = _skip(text, at)
    if door := _DOOR.match(text, start) or (_BARE_DOOR.match(text, start) if found.road else None):
        found.door = _number(door["door"])
        return door.end()
    return at


def _estate(found: Elements, text: str, at: int) -> int:
    start = _skip(text, at)
    estate = _ESTATE.match(text, start)
    if estate is None:
        return at
    name, end = estate["estate"], estate.end()
    if text.startswith("第", end - 1):
        name, end = name[:-1], end - 1
    rest = text[end:]
    if not _plausible(found, name, rest):
        return at
    if found.door is None and (door := _DOOR.match(rest)):
        if found.road is None and found.group is None and not name.endswith(tuple(_ESTATE_ENDS.split("|"))):
            found.group, found.door = name, _number(door["door"])  # a hamlet without its word: 大塘12号
            return end + door.end()
        found.estate, found.door = name, _number(door["door"])
        return end + door.end()
    found.estate = name
    return end


def _plausible(found: Elements, name: str, rest: str) -> bool:
    """A name without an estate's ending needs a number after it, or a door before it."""
    return name.endswith(tuple(_ESTATE_ENDS.split("|"))) or bool(rest.strip(",")) or found.door is not None


def _inside(found: Elements, text: str, at: int) -> int:
    start = _skip(text, at)
    if (found.estate or _plated(text, start)) and (triple := _TRIPLE.match(text, start)):
        found.building, found.unit, found.room = (_number(triple[g]) for g in ("building", "unit", "room"))
        return triple.end()
    for pattern, name in ((_BUILDING, "building"), (_UNIT, "unit"), (_FLOOR, "floor")):
        start = _skip(text, at)
        if match := pattern.match(text, start):
            setattr(found, name, _number(match[name]))
            at = match.end()
    return _room(found, text, at)


def _plated(text: str, start: int) -> bool:
    """Behind 12号 the numbers of 3-2-501 are no longer the door's."""
    return text.endswith("号", 0, start)


def _room(found: Elements, text: str, at: int) -> int:
    start = _skip(text, at)
    if pair := _PAIR.match(text, start):
        if found.building and not found.unit:
            found.unit = _number(pair["first"])
        elif found.estate and not found.building:
            found.building = _number(pair["first"])
        else:
            return at  # 人民路12-3-501: which number is the building is not said
        found.room = _number(pair["room"])
        return pair.end()
    within = found.door or found.estate or found.building or found.unit or found.floor
    if within and (room := _ROOM.match(text, start)):
        found.room = _number(room["room"])
        return room.end()
    return at


def _road_after(found: Elements, rest: str) -> str:
    """锦绣花园3栋1502室（人民路12号）: the road behind the room."""
    road = _ROAD.match(rest)
    door = _DOOR.match(rest, road.end()) if road else None
    if road and door and found.door is None and not rest[door.end() :].strip(",-. "):
        found.road, found.door = road["road"], _number(door["door"])
        return ""
    return rest


def _settle(found: Elements) -> None:
    """A floor that its room number repeats is no node of its own: 15层1502室 and 15层02室 are 1502."""
    floor, room = found.floor, found.room
    if not (floor and room and floor.isdigit() and room.isdigit()):
        return
    if len(room) <= _MAX_FLOOR_DIGITS:
        found.room, found.floor = f"{floor}{room:0>2}", None
    elif room.startswith(floor) and len(room) == len(floor) + 2:
        found.floor = None


def _relate(found: Elements, words: str) -> None:
    """人民路12号对面 is not 人民路12号: the finest element is an anchor, not the place."""
    finest = found.finest()
    if finest is None:
        found.relation = words
        return
    found.relation = f"{getattr(found, finest)} {words}"
    setattr(found, finest, None)


def _number(text: str) -> str:
    """Without leading zeros: 03栋 is 3栋; 0502 stays a room of its own only where nothing else is left."""
    return text.lstrip("0") or text
