"""The scorer: one-hot levels and their products, weighed by a logistic that trusted numbers taught.

``recordlinkage`` does the work: its ``LogisticRegressionClassifier`` is fitted and asked on distinct patterns.
The model in use is a frozen, versioned file; tonight's training is a shadow beside the pairs until a person
promotes it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import recordlinkage

from transforms import frozen
from transforms.errors import ConfigError
from transforms.link.codes import distinct_rows

Floats = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int8]  # comparison levels, 0 null
NULL = "null"
DEFAULT = Path(__file__).with_name("model_default.json")
_EVEN = 0.5  # from this probability a pair counts as joined
_MOST_JOINED, _FEWEST_RIGHT = 2.0, 0.8  # a sound scorer joins 1.0 of the matches, 0.95 of them rightly
FEWEST_LABELS = 200  # of matches and of non-matches; below, a training says nothing


class Logistic(recordlinkage.LogisticRegressionClassifier):  # type: ignore[misc]  # the package has no types
    """recordlinkage's logistic classifier on distinct patterns, each weighing as many pairs as show it."""

    weight: Floats | None = None

    def _fit(self, features: Floats, y: npt.NDArray[np.int64]) -> None:
        self.kernel.fit(features, y, sample_weight=self.weight)


@dataclass(frozen=True)
class KindModel:
    """How the pairs of one kind are scored.

    Attributes:
        words: comparison label → level words in order; level 0 is null.
        intercept: logit of the empty pattern.
        weights: ``label=word`` or ``label=word&label=word`` → logit.
        declared: like ``weights``, for what numbers cannot teach (nearness of a mistyped number; kinds whose numbers
            are too few): reasoned by hand, and said so in ``facts``.
        untaught: labels whose levels are no part of products: declared by hand, or weighed each by itself.
        cap: most nodes one block key may join.
        crowd: most distinct names that may share a phone or an address before it tells nobody apart.
        partners: most nodes that one node may join by scores: a person is told of by fewer registers.
        facts: what it was trained on: counts only.
    """

    words: dict[str, list[str]]
    intercept: float
    weights: dict[str, float]
    declared: dict[str, float] = field(default_factory=dict)
    untaught: tuple[str, ...] = ()
    cap: int = 120
    crowd: int = 15
    partners: int = 30
    facts: dict[str, int | str] = field(default_factory=dict)

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        """Read what a model file says of one kind.

        Raises:
            ConfigError: it says no such thing.
        """
        try:
            return cls(**{**content, "untaught": tuple(content.get("untaught", ()))})
        except (TypeError, ValueError, AttributeError) as error:
            raise ConfigError(f"no model of a kind: {type(error).__name__}") from None

    def fits(self, words: dict[str, list[str]]) -> None:
        """Refuse a model of other levels: a pattern's numbers would mean something else to it.

        Args:
            words: comparison label → level words of the kind as it is declared now.

        Raises:
            ConfigError: it was made for others.
        """
        if self.words != words:
            raise ConfigError("the model knows other levels of comparison than the kind: train and promote a new one")

    def probability(self, patterns: Levels, labels: Sequence[str]) -> Floats:
        """Match probability of each distinct pattern.

        Args:
            patterns: (n, len(labels)) levels, 0 null.
            labels: the comparison each column stands for.

        Raises:
            ConfigError: the model was made for other comparisons.
        """
        if list(self.words) != list(labels):
            raise ConfigError(
                f"the model compares {list(self.words)}, the kind {list(labels)}: train and promote a new one"
            )
        names, features, weight = self._features(patterns)
        classifier = Logistic(coefficients=weight, intercept=self.intercept)
        classifier.kernel.classes_ = np.array([0, 1])
        return np.asarray(classifier.prob(pd.DataFrame(features, columns=names)).to_numpy(), dtype=np.float64)

    def pieces(self, pattern: Levels) -> dict[str, float]:
        """What levels, alone and together, add to the logit of one pattern: name of the feature → logit.

        Args:
            pattern: (len(words),) levels, 0 null. With :attr:`intercept` the pieces sum to the logit of its
                :meth:`probability`; those that weigh nothing are left out.
        """
        names, features, weight = self._features(pattern[None, :])
        shown = zip(names, features[0].tolist(), weight.tolist(), strict=True)
        return {name: logit for name, on, logit in shown if on and logit}

    def _features(self, patterns: Levels) -> tuple[list[str], Floats, Floats]:
        """Names of the features, a 0/1 column for each, and what each weighs."""
        names, features = one_hot(patterns, self.words, self.untaught)
        together = [name for name in self.declared if "&" in name and name not in names]
        both = [np.prod(features[:, [names.index(part) for part in name.split("&")]], axis=1) for name in together]
        names, features = [*names, *together], np.column_stack([features, *both])
        return names, features, np.array([self.weights.get(n, 0.0) + self.declared.get(n, 0.0) for n in names])


@dataclass(frozen=True)
class Model:
    """A frozen input of link: every kind's scorer under one version."""

    version: str
    kinds: dict[str, KindModel]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a model file.

        Raises:
            ConfigError: it is not one.
        """
        version, kinds = frozen.read(path)
        return cls(version, {kind: KindModel.of(content) for kind, content in kinds.items()})

    def write(self, path: Path) -> None:
        """Write it as stable JSON."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=False) + "\n", "utf-8")


def in_use(home: Path) -> Path:
    """The model a night uses: the deployment's promoted ``model.json``, else the shipped default."""
    promoted = frozen.path(home)
    return promoted if promoted.is_file() else DEFAULT


def one_hot(patterns: Levels, words: dict[str, list[str]], untaught: Sequence[str]) -> tuple[list[str], Floats]:
    """Feature names and 0/1 columns: every level, and products of two taught comparisons' levels (null included)."""
    singles: dict[str, list[tuple[str, npt.NDArray[np.bool_]]]] = {}
    for place, (label, levels) in enumerate(words.items()):
        singles[label] = [(f"{label}={w}", patterns[:, place] == i) for i, w in enumerate([NULL, *levels])]
    named = [
        pair for label, told in singles.items() for pair in told[label in untaught :]
    ]  # null teaches nothing there
    for a, b in combinations([label for label in singles if label not in untaught], 2):
        named += [(f"{x}&{y}", p & q) for x, p in singles[a] for y, q in singles[b]]
    return [n for n, _ in named], np.column_stack([v for _, v in named]).astype(np.float64)


@dataclass(frozen=True)
class Lesson:
    """Labelled pairs of a night: numbers that were hidden say which of them are matches.

    Attributes:
        patterns: levels per pair.
        matches: the pair's hidden numbers are equal.
        weight: how many pairs each stands for.
    """

    patterns: Levels
    matches: npt.NDArray[np.bool_]
    weight: Floats

    @property
    def teaches(self) -> bool:
        """There are enough matches and non-matches."""
        yes = int(self.matches.sum())
        return min(yes, len(self.matches) - yes) >= FEWEST_LABELS

    def collapses(self, model: KindModel) -> bool:
        """The model would join out of all proportion to what the numbers say: too many pairs, too few, or wrong ones.

        With too few labels nothing is known against it.
        """
        if not self.teaches:
            return False
        patterns, at = distinct_rows(self.patterns)
        joined = model.probability(patterns, list(model.words))[at] >= _EVEN
        said, yes, right = int(joined.sum()), int(self.matches.sum()), int((joined & self.matches).sum())
        return said > _MOST_JOINED * yes or said * _MOST_JOINED < yes or right < _FEWEST_RIGHT * said


def train(
    lesson: Lesson, words: dict[str, list[str]], declared: dict[str, float], untaught: tuple[str, ...]
) -> KindModel | None:
    """Fit on labelled pairs, pattern by pattern.

    Args:
        lesson: the labelled pairs.
        words: as in :class:`KindModel`.
        declared: carried over unchanged.
        untaught: labels whose levels the hidden numbers would give away.

    Returns:
        A model, or None where labels are too few to teach.
    """
    if not lesson.teaches:
        return None
    matches = lesson.matches
    yes, no = int(matches.sum()), int((~matches).sum())
    rows, at = distinct_rows(np.column_stack([lesson.patterns, matches.astype(np.int8)]))
    weight = np.bincount(at, weights=lesson.weight, minlength=len(rows)).astype(np.float64)
    names, features = one_hot(rows[:, :-1], words, untaught)
    classifier = Logistic(C=1.0, max_iter=2000)
    classifier.weight = weight
    frame = pd.DataFrame(features, columns=names)
    classifier.fit(frame, frame.index[rows[:, -1] == 1])
    weights = {n: round(float(w), 4) for n, w in zip(names, classifier.coefficients, strict=True) if abs(w) >= 5e-5}
    facts: dict[str, int | str] = {"matches": yes, "non_matches": no, "patterns": len(rows)}
    return KindModel(words, round(float(classifier.intercept), 4), weights, declared, untaught, facts=facts)
