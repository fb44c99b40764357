"""What is decided without asking anybody: an answer that is none."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from components.html import text_to_html
from components.rubrics import Criterion
from grading.engine.evaluate import evaluation_of, result_of, suspicions
from grading.engine.types import Evaluation, GradingRequest

WORD = re.compile(r"\w+")
SENTENCE = re.compile(r"[^.!?\n]++[.!?\n]*+")


def decide_without_call(request: GradingRequest, *, min_words: int) -> Evaluation | None:
    """The lowest levels for an answer that is too short or says nothing of its own; else None.

    Args:
        min_words: the least number of words that the entry asks for. Sentences that merely repeat
            the instructions do not count; an answer without any word of its own is none.
    """
    words = count_own_words(request)
    if words >= max(1, min_words):
        return None
    why = _reason(words, min_words)
    criteria = tuple(
        result_of(criterion, _lowest(criterion), reasoning=why, confidence=100)
        for criterion in request.rubric.criteria
    )
    advice = _("Hand in another attempt that answers the task in your own words.")
    feedback = text_to_html(f"{why} {advice}")
    return evaluation_of(request, criteria, feedback, 100, suspicions(request))


def count_own_words(request: GradingRequest) -> int:
    """Words of the answer outside sentences that stand in the instructions as well."""
    given = {_folded(sentence) for sentence in SENTENCE.findall(request.instructions)}
    own = [text for text in SENTENCE.findall(request.answer) if _folded(text) not in given]
    return sum(len(WORD.findall(text)) for text in own)


def _reason(words: int, min_words: int) -> str:
    if not words:
        return _("The answer says nothing of its own.")
    told = ngettext(
        "The answer has %(words)d word of its own; the task asks for at least %(least)d.",
        "The answer has %(words)d words of its own; the task asks for at least %(least)d.",
        words,
    )
    return told % {"words": words, "least": min_words}


def _lowest(criterion: Criterion) -> int:
    return min(criterion.levels, key=lambda level: (level.points, -level.index)).index


def _folded(sentence: str) -> tuple[str, ...]:
    return tuple(WORD.findall(sentence.casefold()))
