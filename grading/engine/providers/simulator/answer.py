"""An answer as it counts: its own sentences, and what is said where."""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from grading.engine.providers.simulator.terms import Expectations, shingles
from grading.engine.providers.simulator.text import Passage, function_share, passages_of

MIN_COPY_WORDS = 6
"""Shorter sentences count as copied only where they are the same word for word."""
COPY_SHARE = 0.75
"""Share of a sentence's runs of words that stand in the rubric or the instructions."""
MAX_QUOTES = 3
MAX_CANDIDATES = 100


@dataclass(frozen=True)
class Answer:
    """An answer without what it merely repeats.

    Attributes:
        passages: its sentences in order, without those that were copied.
        copied: how many repeat the rubric or the instructions nearly word for word.
    """

    passages: tuple[Passage, ...]
    copied: int

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Term -> the passages that have it."""
        places: dict[str, list[int]] = defaultdict(list)
        for index, passage in enumerate(self.passages):
            for term in passage.terms:
                places[term].append(index)
        return dict(places)

    @cached_property
    def word_count(self) -> int:
        return sum(len(passage.words) for passage in self.passages)

    @cached_property
    def connectives(self) -> int:
        return sum(passage.connectives for passage in self.passages)

    @cached_property
    def function_share(self) -> float:
        return function_share(self.passages)

    @property
    def structure(self) -> float:
        """0 to 1; full for four sentences and three connecting words."""
        return 0.6 * min(1, self.connectives / 3) + 0.4 * min(1, len(self.passages) / 4)

    def density(self, wanted: Collection[str]) -> float:
        """The share of its informative words that are among those wanted."""
        stems = [w.stem for passage in self.passages for w in passage.words if w.is_informative]
        return sum(stem in wanted for stem in stems) / len(stems) if stems else 0.0

    def hits(self, wanted: Iterable[str]) -> Counter[int]:
        """Passage -> how many of the terms wanted it has."""
        return Counter(place for term in wanted for place in self.places.get(term, ()))

    def quotes(self, wanted: dict[str, float], form: float) -> tuple[Passage, ...]:
        """The sentences to go by, in order: each adds weight that those before it did not have.

        Args:
            form: what a connecting word is worth, beside the terms wanted.
        """
        left = dict(wanted)
        chosen: set[int] = set()
        pool = self._candidates(wanted)
        while pool and len(chosen) < MAX_QUOTES:
            best = max(pool, key=lambda index: self._rank(index, left, form))
            if chosen and not self._rank(best, left, form)[0]:
                break
            pool.remove(best)
            chosen.add(best)
            for term in self.passages[best].terms:
                left.pop(term, None)
        return tuple(self.passages[index] for index in sorted(chosen))

    def _candidates(self, wanted: Iterable[str]) -> list[int]:
        hits = self.hits(wanted)
        if hits:
            return heapq.nsmallest(MAX_CANDIDATES, hits, key=lambda index: (-hits[index], index))
        return [i for i, passage in enumerate(self.passages) if passage.terms][:MAX_CANDIDATES]

    def _rank(self, index: int, left: dict[str, float], form: float) -> tuple[float, int, int]:
        """What the passage adds, its words, and its place: the earlier of equals comes first.

        The sum is exact (`fsum`), because the order of a set differs between processes.
        """
        passage = self.passages[index]
        worth = math.fsum(left.get(term, 0) for term in passage.terms)
        return worth + form * passage.connectives, len(passage.words), -index


def read_answer(text: str, expected: Expectations) -> Answer:
    """The answer's sentences; those that are copied are only counted."""
    passages = passages_of(text)
    own = tuple(passage for passage in passages if not _is_copied(passage, expected))
    return Answer(own, len(passages) - len(own))


def _is_copied(passage: Passage, expected: Expectations) -> bool:
    stems = passage.stems
    if len(stems) > 1 and stems in expected.source_sentences:
        return True
    if len(stems) < MIN_COPY_WORDS:
        return False
    runs = list(shingles(passage))
    return sum(run in expected.source_shingles for run in runs) >= COPY_SHARE * len(runs)
