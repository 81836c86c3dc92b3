"""Why two records are a pair: the model's own weights for the evidence that stands beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from transforms import kinds, manifest, store
from transforms.explained import Edge, Piece, Waterfall
from transforms.kinds import Kind
from transforms.link.posterior import SCALE
from transforms.link.scorer import DEFAULT, NULL, KindModel, Levels, Model, in_use
from transforms.live import Live
from transforms.located import Best, files
from transforms.manifest import Manifest
from transforms.places import places
from transforms.run import Run

_ROLE = "to"
_PATH = "path"  # what a short address shares with the node it is (short.py)


def weigh(run: Run, name: str, edges: Sequence[Edge]) -> tuple[Waterfall, ...]:
    """The waterfall of each pair of a kind, by the model that scored them that night.

    Args:
        run: the night.
        name: of the kind.
        edges: pairs as link left them, by record ids.

    Raises:
        StaleInputError: link or the live records of the night are missing, incomplete or stale.
    """
    if not edges:
        return ()
    kind, folder = kinds.load_all(run.settings.expectations)[name], store.night_dir(run, "link", name)
    found = manifest.require(run.settings.lake, folder, "link")
    model = model_of(run, kind, folder, found)
    shared, scored = _Shared(run, kind), kind.certainty == "scored"
    return tuple(weighed(edge, model) if scored and edge.how == "scored" else shared.told(edge) for edge in edges)


def model_of(run: Run, kind: Kind, folder: Path, found: Manifest) -> tuple[str, KindModel] | None:
    """Version and scorer that the night used for a kind; None: it is no longer at hand, or there was none.

    A promoted model is known again by its hash; the shipped one, which may have stood in for it, by its version.
    """
    used, promoted = str(found.facts.get("model")), in_use(run.settings.home)
    paths = [DEFAULT, folder / "shadow_model.json"]
    if promoted != DEFAULT and store.file_sha256(promoted) == found.inputs.get("model"):
        paths.insert(0, promoted)
    own = f"shadow-{run.night}"  # what tonight's own training is written down as
    for path in paths:
        if path.is_file():
            model = Model.read(path)
            if kind.kind in model.kinds and (model.version == used or (model.version == own and "training" in used)):
                return used, model.kinds[kind.kind]
    return None


def weighed(edge: Edge, model: tuple[str, KindModel] | None) -> Waterfall:
    """The waterfall of one scored pair.

    Args:
        edge: evidence as :func:`transforms.link.scored.evidence` writes it.
        model: version and scorer; None, or one of other levels: pieces are told without weights.
    """
    levels = dict(word.split("=", 1) for word in edge.evidence.split(" "))
    role = levels.pop(_ROLE, None)
    pattern = _pattern(levels, model[1]) if model else None
    if model is None or pattern is None:
        return Waterfall(edge, role=role, pieces=tuple(Piece(label, level, 0.0) for label, level in levels.items()))
    version, scorer = model
    found = Waterfall(edge, (), None, role, version, scorer.intercept, tuple(_pieces(levels, scorer.pieces(pattern))))
    chance = np.clip(round(1 / (1 + np.exp(-found.total)), 6), 1e-6, 1 - 1e-6)
    return replace(found, chance=int(np.rint(chance * SCALE)))


def _pattern(levels: dict[str, str], model: KindModel) -> Levels | None:
    """The levels as the model counts them; None where it knows others."""
    if list(levels) != list(model.words):
        return None
    known = [[NULL, *words] for words in model.words.values()]
    if any(level not in words for level, words in zip(levels.values(), known, strict=True)):
        return None
    return np.array([words.index(level) for level, words in zip(levels.values(), known, strict=True)], dtype=np.int8)


def _pieces(levels: dict[str, str], logits: dict[str, float]) -> Iterator[Piece]:
    """Of what levels weigh together each has an equal share."""
    parts: dict[str, list[tuple[str, float]]] = defaultdict(list)
    weight: dict[str, float] = defaultdict(float)
    for feature, logit in logits.items():
        labels = [level.split("=", 1)[0] for level in feature.split("&")]
        for label in labels:
            parts[label].append((feature, logit))
            weight[label] += logit / len(labels)
    for label, level in levels.items():
        yield Piece(label, level, weight[label], tuple(parts[label]))


class _Shared:
    """Which numbers and keys two records have in common: names of properties, never a value."""

    def __init__(self, run: Run, kind: Kind) -> None:
        """Look at the live records of a kind; nothing is read before it is asked for."""
        folder = store.night_dir(run, "account", "live")
        manifest.require(run.settings.lake, folder, "account", files=())
        self._kind, self._live = kind, Live(folder / f"{kind.kind}.parquet")
        link = kind.link
        self._numbers = [(name,) for name in (link.decisive, link.second) if name]
        self._keys = [*self._numbers, *link.blocks, *link.once]
        self._best = None
        if kind.stage != "place":  # places are located once they are resolved
            there = store.night_dir(run, "locate", kind.stage)
            manifest.require(run.settings.lake, there, "locate", files(kind.kind))
            self._best = Best.read(there, kind.kind)

    def told(self, edge: Edge) -> Waterfall:
        """The first of the kind's keys whose parts both say alike; of a document which kind it is, by its code."""
        if self._kind.certainty == "key" and edge.how == "scored":
            return Waterfall(edge, (_PATH,))
        ends = places(self._live.ids, pa.array([edge.left, edge.right], pa.string())).tolist()
        keys = self._keys if edge.how == "key" else self._numbers
        shared = next((key for key in keys if all(self._alike(part, ends) for part in key)), ())
        kinds_said = {one for name in shared for one in self._values(f"{name}_kind", ends[0])} if shared else set()
        return Waterfall(edge, shared, document=next((str(one) for one in kinds_said), None))

    def _alike(self, part: str, ends: list[int]) -> bool:
        compared = next((c for c in self._kind.link.compare if c.label == part and (part,) not in self._numbers), None)
        names = [self._kind.token_of(part)] if compared is None else list(compared.property)
        said = [{value for name in names for value in self._values(name, end)} for end in ends]
        return not said[0].isdisjoint(said[1])

    def _values(self, name: str, record: int) -> Iterator[object]:
        """What a record says in a column; of an address its path and the node it was found to be."""
        column = f"{name}_path" if name in self._kind.typed("address") else name
        if column in self._live.column_names:
            value = self._live.taken(column, pa.array([record])).to_pylist()[0]
            yield from (one for one in (value if isinstance(value, list) else [value]) if one not in (None, ""))
        if self._best is not None and name in self._best.text:
            row = int(self._best.text[name][record])
            if row >= 0 and (node := self._best.table["address_id"][row].as_py()) is not None:
                yield ("node", node)
