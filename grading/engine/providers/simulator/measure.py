"""The figures: how much of what a criterion expects an answer has, from 0 to 1.

Everything here is counting. Weights and thresholds are set so that a short answer in the rubric's
words and a long one in its own words both find their place; they know no subject.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from grading.engine.providers.simulator.answer import Answer
from grading.engine.providers.simulator.terms import CriterionTerms, Expectations
from grading.engine.providers.simulator.text import Passage

MIN_WORDS = 3
"""An answer of fewer words is not judged at all."""
MIN_FIGURE = 0.1
"""Less than this is what any text has by chance."""
NEED = 1.2
"""Terms that a full answer has, per square root of those that the rubric uses."""
FEW_TERMS = 2.0
"""A criterion with this many terms of its own is judged half by the subject as a whole."""
CONTENT_WEIGHTS = {"coverage": 0.8, "support": 0.1, "extent": 0.05, "structure": 0.05}
FORM_WEIGHTS = {"structure": 0.7, "extent": 0.3}
MAINLY = 0.5
"""A criterion with a larger share of form is reported as one about form."""
GENERIC = 0.5
"""Share of form in a criterion that names no terms of its own."""
MIN_EXPECTED = 15
MAX_EXPECTED = 60
UNKNOWN = 0.5
"""The most that an answer can reach where neither rubric nor instructions name a subject."""
KNOWN_LANGUAGE = 0.15
WORD_LIST = 0.05
"""Shares of function words: sentences have a quarter and more, lists of terms next to none."""
WORTH_NAMING = 0.25
"""Share of the weightiest term's weight; terms of the lowest level's description have less."""
LIST_FACTOR = 0.5
"""For an answer that is a mere list of words."""


@dataclass(frozen=True)
class Measure:
    """What was counted for one criterion.

    Attributes:
        figure: 0 for nothing, 1 for all that is expected.
        found: terms looked for that the answer has, the weightiest first.
        missing: those worth naming that it does not have, the weightiest first.
        known: how many terms were looked for.
        quotes: the sentences that count most, in their order; none where the figure is 0.
        mentions: how many sentences have any of these terms.
        form: how far the criterion is about form, 0 to 1.
    """

    figure: float
    found: tuple[str, ...]
    missing: tuple[str, ...]
    known: int
    quotes: tuple[Passage, ...]
    mentions: int
    form: float

    @property
    def is_about_form(self) -> bool:
        return self.form > MAINLY


def relevance_of(answer: Answer, expected: Expectations) -> float:
    """0 for an answer about something else, 1 for one that stays with the subject.

    In answers to the point, one informative word in eight or more is a term of the rubric or the
    instructions; in a text about anything else it is one in fifty. Where there are only a few
    terms to meet, fewer are asked for.
    """
    if answer.word_count < MIN_WORDS or not answer.places:
        return 0.0
    if not expected.topic:
        return UNKNOWN
    enough = min(0.12, max(0.02, 0.006 * len(expected.topic)))
    share = (answer.density(expected.topic) - enough / 3) / (enough - enough / 3)
    return _clamp(share) * (LIST_FACTOR if is_word_list(answer, expected) else 1)


def is_word_list(answer: Answer, expected: Expectations) -> bool:
    """No function words, although the rubric shows that its language is one with a list here."""
    return expected.function_share > KNOWN_LANGUAGE and answer.function_share < WORD_LIST


def measure(
    criterion: CriterionTerms, answer: Answer, expected: Expectations, relevance: float
) -> Measure:
    """Count what the answer has for one criterion.

    Args:
        relevance: of the answer as a whole, see :func:`relevance_of`.
    """
    wanted = criterion.weights or expected.topic
    form = _form(criterion, expected)
    hits = answer.hits(wanted)
    support = sum(count >= min(2, len(wanted)) for count in hits.values())
    parts = {
        "coverage": _coverage(criterion, answer, expected.topic),
        "support": min(1, support / 2),
        "extent": min(1, answer.word_count / _words_expected(criterion)),
        "structure": answer.structure,
    }
    content = _weighted(parts, CONTENT_WEIGHTS) if parts["coverage"] else 0.0
    figure = relevance * ((1 - form) * content + form * _weighted(parts, FORM_WEIGHTS))
    figure = figure if figure >= MIN_FIGURE else 0.0
    ranked = sorted(wanted, key=lambda term: -wanted[term])
    naming = (term for term in ranked if wanted[term] >= WORTH_NAMING * wanted[ranked[0]])
    return Measure(
        figure=figure,
        found=tuple(term for term in ranked if term in answer.places),
        missing=tuple(term for term in naming if term not in answer.places),
        known=len(wanted),
        quotes=answer.quotes(wanted, form) if figure else (),
        mentions=len(hits),
        form=form,
    )


def confidence_of(measured: Measure, levels: int) -> int:
    """45 to 85: the further from the nearest boundary between levels, the surer.

    With few terms to look for, the distance counts for less.
    """
    if levels == 1:
        return 85
    nearest = min(abs(measured.figure - step / levels) for step in range(1, levels))
    trust = measured.known / (measured.known + FEW_TERMS)
    return round(45 + 5 * trust + 35 * trust * min(1.0, nearest / 0.25))


def _form(criterion: CriterionTerms, expected: Expectations) -> float:
    """How far form decides: where there is little else to go by, more."""
    if not expected.topic:
        return 1.0
    return criterion.form if criterion.weights else max(criterion.form, GENERIC)


def _words_expected(criterion: CriterionTerms) -> int:
    """A modest length, in words: two per term, or a short paragraph for a general criterion."""
    terms = len(criterion.weights)
    return min(MAX_EXPECTED, max(MIN_EXPECTED, 2 * terms)) if terms else MAX_EXPECTED


def _coverage(criterion: CriterionTerms, answer: Answer, topic: dict[str, float]) -> float:
    """The terms covered; where the criterion has few of its own, the subject's count as well.

    Half of it goes by all terms together, half by the one statement that is covered best, since
    criteria often list alternatives.
    """
    if not criterion.weights:
        return _saturating(topic, answer)
    own = _saturating(criterion.weights, answer)
    shares = (_share(criterion.weights, terms, answer) for terms in criterion.statements)
    trust = len(criterion.weights) / (len(criterion.weights) + FEW_TERMS)
    return (own + max(shares, default=own)) / 2 * (trust + (1 - trust) * _saturating(topic, answer))


def _saturating(weights: dict[str, float], answer: Answer) -> float:
    """Weight covered, of the weight that is enough: nobody repeats all words of a rubric."""
    enough = max(2, math.ceil(NEED * math.sqrt(len(weights))))
    needed = math.fsum(sorted(weights.values(), reverse=True)[:enough])
    covered = math.fsum(weight for term, weight in weights.items() if term in answer.places)
    return min(1.0, covered / needed) if needed else 0.0


def _share(weights: dict[str, float], statement: frozenset[str], answer: Answer) -> float:
    covered = math.fsum(weights[term] for term in statement if term in answer.places)
    return covered / math.fsum(weights[term] for term in statement)


def _weighted(parts: dict[str, float], weights: dict[str, float]) -> float:
    return sum(weight * parts[name] for name, weight in weights.items())


def _clamp(number: float) -> float:
    return min(1.0, max(0.0, number))
