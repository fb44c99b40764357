"""What a rubric asks for: the terms of each criterion with weights, and the texts not to copy."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from components.rubrics import Criterion, Level
from grading.engine.providers.simulator.text import Passage, Word, function_share, passages_of
from grading.engine.providers.simulator.vocabulary import FORM_WORDS, NEGATIONS, RUBRIC_SPEAK
from grading.engine.types import GradingRequest

LOWEST_LEVEL = 0.1
"""Weight of a term that only the description of the lowest level has; the highest has 1."""
NEGATED = 0.4
"""Factor for terms of a sentence with a negation: it often says what must not be there."""
BETTER_HALF = 0.5
"""Sentences worth more than this describe what is asked for, others what falls short."""
GIVEN = 0.6
"""Factor for terms that the instructions hand to the student anyway."""
WORTH = re.compile(
    r"\d{1,3}(?:[.,]\d{1,2})?\s?(?:P|points?|pts?|marks?|Punkte?n?|puntos?)(?!\w)",
    re.IGNORECASE,
)
"""`(0.5 P)`, `2 marks`: what a rubric says about points is nothing to look for in an answer."""
MAX_INSTRUCTIONS = 100_000
MAX_RUBRIC = 400_000
"""Characters read; a larger rubric is read from the beginning of each of its texts."""
SHINGLE = 3
"""Words in a row by which a copied sentence is recognised."""


@dataclass(frozen=True)
class CriterionTerms:
    """What an answer is expected to say for one criterion.

    Attributes:
        weights: stem -> weight above 0 up to 1.
        statements: the terms of each single statement that names several.
        form: 0 for a criterion about content, 1 for one that is only about how it is written.
    """

    weights: dict[str, float]
    statements: tuple[frozenset[str], ...]
    form: float


@dataclass(frozen=True)
class Expectations:
    """A request as its terms.

    Attributes:
        criteria: in the rubric's order.
        topic: stem -> weight, of the instructions and all criteria together.
        labels: stem -> a word as the rubric or the instructions write it.
        sources: every passage of the rubric and the instructions.
    """

    criteria: tuple[CriterionTerms, ...]
    topic: dict[str, float]
    labels: dict[str, str]
    sources: tuple[Passage, ...]

    @cached_property
    def function_share(self) -> float:
        return function_share(self.sources)

    @cached_property
    def source_sentences(self) -> frozenset[tuple[str, ...]]:
        return frozenset(passage.stems for passage in self.sources)

    @cached_property
    def source_shingles(self) -> frozenset[tuple[str, ...]]:
        return frozenset(shingle for passage in self.sources for shingle in shingles(passage))


def shingles(passage: Passage) -> Iterator[tuple[str, ...]]:
    """Every run of :data:`SHINGLE` stems, function words included."""
    stems = passage.stems
    return zip(*(stems[offset:] for offset in range(SHINGLE)), strict=False)


def ranked_levels(criterion: Criterion) -> list[Level]:
    """From the lowest to the highest by points; of equal ones the later column is the lower."""
    return sorted(criterion.levels, key=lambda level: (level.points, -level.index))


def read_expectations(request: GradingRequest) -> Expectations:
    """The terms of the rubric and the instructions, weighted."""
    instructions = passages_of(request.instructions[:MAX_INSTRUCTIONS])
    texts = sum(1 + len(criterion.levels) for criterion in request.rubric.criteria)
    limit = MAX_RUBRIC // texts
    read = [_weighted_passages(criterion, limit) for criterion in request.rubric.criteria]
    given = dict.fromkeys(term for passage in instructions for term in content_terms(passage))
    strengths = [_strengths(passages) for passages in read]
    criteria = tuple(
        CriterionTerms(weights, _statements(passages), _form_share(passages))
        for passages, weights in zip(read, _rarity_weighted(strengths, given), strict=True)
    )
    sources = (*instructions, *(passage for passages in read for passage, _strength in passages))
    return Expectations(criteria, _topic(given, criteria), _labels(sources), sources)


def content_terms(passage: Passage) -> dict[str, None]:
    """The passage's terms in order, without words about any answer or about its form.

    A dict for its order: that of a set differs between processes, and replies must not.
    """
    return dict.fromkeys(word.stem for word in passage.words if _is_content(word))


def _is_content(word: Word) -> bool:
    return word.is_informative and word.folded not in RUBRIC_SPEAK and word.folded not in FORM_WORDS


def _weighted_passages(criterion: Criterion, limit: int) -> list[tuple[Passage, float]]:
    """The criterion's sentences and those of its levels, with how much each is worth reaching."""
    passages = [(passage, 1.0) for passage in _passages(criterion.text[:limit])]
    levels = ranked_levels(criterion)
    steps = max(1, len(levels) - 1)
    for rank, level in enumerate(levels, start=0 if len(levels) > 1 else 1):
        strength = LOWEST_LEVEL + (1 - LOWEST_LEVEL) * rank / steps
        passages.extend((passage, strength) for passage in _passages(level.description[:limit]))
    return passages


def _passages(text: str) -> list[Passage]:
    """The sentences of a rubric's text without the points they are worth."""
    return passages_of(WORTH.sub(" ", text))


def _strengths(passages: Iterable[tuple[Passage, float]]) -> dict[str, float]:
    """Per term the worth of the best sentence that has it."""
    strengths: dict[str, float] = {}
    for passage, strength in passages:
        is_negated = any(word.folded in NEGATIONS for word in passage.words)
        worth = strength * NEGATED if is_negated else strength
        for term in content_terms(passage):
            strengths[term] = max(worth, strengths.get(term, 0))
    return strengths


def _rarity_weighted(
    strengths: list[dict[str, float]], given: Collection[str]
) -> Iterator[dict[str, float]]:
    """Terms that few criteria have weigh more, as inverse document frequency does it."""
    frequency = Counter(term for criterion in strengths for term in criterion)
    most = math.log(1 + len(strengths))
    for criterion in strengths:
        yield {
            term: strength
            * (GIVEN if term in given else 1)
            * math.log(1 + len(strengths) / frequency[term])
            / most
            for term, strength in criterion.items()
        }


def _statements(
    passages: Iterable[tuple[Passage, float]],
) -> tuple[frozenset[str], ...]:
    """The terms of the better half's statements: any one of them may be what is asked for."""
    return tuple(
        {
            frozenset(terms): None
            for passage, strength in passages
            if strength > BETTER_HALF and len(terms := content_terms(passage)) > 1
        }
    )


def _form_share(passages: Iterable[tuple[Passage, float]]) -> float:
    """The squared share of words about form, so that a mere `clearly` changes little."""
    words = [(word, strength) for passage, strength in passages for word in passage.words]
    form = math.fsum(strength for word, strength in words if word.folded in FORM_WORDS)
    content = math.fsum(strength for word, strength in words if _is_content(word))
    return (form / (form + content)) ** 2 if form else 0.0


def _topic(given: Collection[str], criteria: Iterable[CriterionTerms]) -> dict[str, float]:
    topic = dict.fromkeys(given, GIVEN)
    for criterion in criteria:
        for term, weight in criterion.weights.items():
            topic[term] = max(weight, topic.get(term, 0))
    return topic


def _labels(passages: Iterable[Passage]) -> dict[str, str]:
    """Per stem the word as it is written first."""
    labels: dict[str, str] = {}
    for word in (word for passage in passages for word in passage.words if _is_content(word)):
        labels.setdefault(word.stem, word.surface)
    return labels
