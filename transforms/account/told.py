"""An explanation as text for a clerk, in plain Chinese or English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from transforms.account.explain import Explanation
from transforms.account.history import Event
from transforms.account.landed import Told
from transforms.account.nearest import JUDGED, SHARED, Nearest
from transforms.account.waterfall import folded, waterfall
from transforms.account.whereabouts import Place
from transforms.explained import Choice, Edge, Said, Waterfall
from transforms.kinds import Kind
from transforms.wording import Words

_TERMINAL = 100  # columns
_OWN = "address"  # of an entity, beside those that it was chosen from
_SCALE = 10_000
_PLACED = ("address_id", "registered_address_id", "actual_address_id", "building_id", "division_code", "place_reason")


def render_explanation(found: Explanation, kinds: Mapping[str, Kind], words: Words) -> str:
    """The explanation as text.

    Args:
        found: with what the rooms told beside it.
        kinds: of the deployment.
        words: of the language.
    """
    if found.kind is None:
        return "\n".join([found.what, *(f"  {_row(words, kinds, row)}" for row in found.rows)])
    kind = kinds[found.kind]
    head = words.say("head", kind=words.kind(kind), what=found.what, state=words.of("state", str(found.state)))
    lines = [head + (words.say("now", other=found.signpost) if found.signpost else "")]
    lines += [words.say("stands_on", count=len(found.rows)), *_records(words, found)] if found.rows else []
    weighed = {one.edge: one for one in found.waterfalls}
    names = _numbers(found)
    if found.edges:
        lines.append(words.say("together"))
    for edge in found.edges:
        first, *rest = waterfall(words, kind, weighed.get(edge, Waterfall(edge)), names)
        lines += [f"  {first}", *(f"    {line}" for line in rest)]
    lines += [words.say("restricted")] if found.restricted else _open(found, kind, words, weighed)
    if found.history:
        lines.append(words.say("history"))
        lines += [f"  {_event(words, kind, event)}" for event in found.history]
    return "\n".join(one for line in lines for one in folded(line, _TERMINAL))


def _numbers(found: Explanation) -> dict[str, str]:
    """Record id → its number in the list."""
    return {str(row.record_id): f"[{number}]" for number, row in enumerate(found.rows, 1)}


def _records(words: Words, found: Explanation) -> Iterator[str]:
    for (record, number), row in zip(_numbers(found).items(), found.rows, strict=True):
        told = {"source": row.source, "file": row.file, "line": row.line, "record": record}
        yield f"  {words.say('record_row', number=number, **told)}"


def _open(found: Explanation, kind: Kind, words: Words, weighed: Mapping[Edge, Waterfall]) -> list[str]:
    """What is shown of an entity that is not restricted."""
    lines: list[str] = []
    if found.nearest:
        told = weighed.get(found.nearest.edge, Waterfall(found.nearest.edge))
        lines += _nearest(words, kind, found.nearest, waterfall(words, kind, told, _numbers(found)))
    elif found.rows:
        lines.append(words.say("nothing_near"))
    if found.values:
        lines += [words.say("published"), *_chosen(words, kind, found)]
    if found.place:
        lines += [words.say("place"), *(f"  {line}" for line in _place(words, kind, found.place))]
    return lines


def _row(words: Words, kinds: Mapping[str, Kind], row: Told) -> str:
    kind = words.kind(kinds[row.kind]) if row.kind in kinds else row.kind
    state = words.of("state", row.state)
    line = words.say("row", source=row.source, file=row.file, line=row.line, kind=kind, state=state)
    line += words.say("by_rule", rule=row.rule) if row.rule else ""
    line += words.say("on_field", field=row.field) if row.field else ""
    if row.repeats:
        line += words.say("repeats", file=row.repeats[0], line=row.repeats[1])
    line += words.say("record", record=row.record_id) if row.record_id else ""
    return line + (words.say("entity", entity=row.entity_id) if row.entity_id else "")


def apart_line(words: Words, kind: Kind, near: Nearest) -> str:
    """Why two entities are two, in a line."""
    why = words.listed(words.of("apart", code) for code in near.why)
    if JUDGED in near.why:
        why += "".join(words.say("by_judge", by=one.by, day=one.day, why=one.why) for one in near.judged)
    if SHARED in near.why:
        why += words.say("rivals", count=near.rivals)
    band = (f"{score / _SCALE:.4f}" for score in (kind.link.accept, kind.link.review))
    accept = words.say("accept", **dict(zip(("accept", "review"), band, strict=True)))
    return words.say("apart", why=why) + accept


def _nearest(words: Words, kind: Kind, near: Nearest, told: Sequence[str]) -> Iterator[str]:
    yield words.say("nearest", entity=near.entity)
    if near.restricted:
        yield f"  {words.say('restricted')}"
        return
    yield from (f"  {'  ' * bool(at)}{line}" for at, line in enumerate(told))
    yield f"  {apart_line(words, kind, near)}"


def _chosen(words: Words, kind: Kind, found: Explanation) -> Iterator[str]:
    """How each value won; then what else is published, but for the place, which is told in words."""
    names = _numbers(found)
    published = {value.column: value.value for value in found.values}
    for choice in found.chosen:
        yield from (f"  {line}" for line in _choice(words, kind, choice, names, published.get(choice.name)))
    told = {choice.name for choice in found.chosen} | set(_PLACED)
    left = [value for value in found.values if value.column not in told]
    if left:
        yield f"  {words.say('more')}"
    for one in left:
        yield f"    {words.column(kind.table, one.column)} = {words.value(kind, one.column, one.value)}"


def _choice(words: Words, kind: Kind, choice: Choice, names: Mapping[str, str], published: str | None) -> Iterator[str]:
    """The value as it is published, or as the winner says it where it is published as a place; and who said what."""
    first, *others = choice.said
    value = _value(words, kind, choice.name, published or first.value)
    why = words.of("step", choice.step)
    yield words.say("chosen", name=words.property(kind, choice.name), value=value, why=why)
    yield f"  {words.say('won', who=_who(words, names, first))}"
    alike = [_who(words, names, said) for said in others if said.same]
    if alike:
        yield f"  {words.say('same', who=words.listed(alike))}"
    for said in (said for said in others if not said.same):
        lost, why = _value(words, kind, choice.name, said.value), words.of("step", str(said.why))
        yield f"  {words.say('lost', value=lost, who=_who(words, names, said), why=why)}"


def _value(words: Words, kind: Kind, name: str, value: str | None) -> str:
    return words.say("hidden") if value is None else words.value(kind, name, value)


def _who(words: Words, names: Mapping[str, str], said: Said) -> str:
    told = {"source": said.source, "trust": said.trust, "since": said.since}
    return words.say("who", number=names.get(said.record_id, said.record_id), **told)


def _place(words: Words, kind: Kind, place: Place) -> Iterator[str]:
    for column, (node, text) in place.addresses.items():
        said = column.removesuffix("_id")
        name = words.property(kind, said) if said != _OWN else words.say("stands_at")
        yield words.say("address", name=name, text=f"{text} ({node})") if text else words.say("no_text", name=name)
    if place.division:
        yield words.say("division", chain=" > ".join(place.division))
    if place.grid:
        chain = " < ".join(f"{words.of('grid_level', level)} {code} {name}" for level, code, name in place.grid)
        yield words.say("grid", chain=chain, method=words.of("method", str(place.method)))
    elif place.reason:
        yield words.say("no_grid", reason=words.of("grid_reason", place.reason))
    else:
        yield words.say("not_a_fact")


def _event(words: Words, kind: Kind, event: Event) -> str:
    fields = words.listed(words.column(kind.table, one) for one in (event.fields or "").split("|") if one)
    why = words.of("hold", event.why) if event.what == "held" and event.why else event.why
    told = words.of("event", event.what).format(
        fields=fields, other=event.other, by=event.by, why=why, record=event.record, number=event.number
    )
    release = f" {words.say('release', release=event.release)}" if event.release is not None else ""
    return f"{event.day}{release}{words.colon}{told}"
