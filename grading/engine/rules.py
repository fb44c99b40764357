"""What is decided without asking anybody: an answer that is none, or too short."""

from __future__ import annotations

import re

from components.html import text_to_html
from components.rubrics import Criterion
from grading.engine.answers import words_of
from grading.engine.evaluate import result_of, standing_reasons
from grading.engine.scoring import total_score
from grading.engine.types import CriterionResult, Evaluation, GradingRequest

SENTENCE_BREAK = re.compile(r"(?<=[.!?:])\s++|\n\s*+")
SENTENCE_ENDS = (".", "!", "?", ":")
LEAST_REPEATED = 4
"""Words: a shorter sentence of the instructions, such as "Yes", may well be the answer."""

ADVICE = (
    "There was nothing to judge by the rubric yet, which says nothing about what you know. "
    "Please write down in your own words what you do know: every step counts."
)


def decide_without_call(request: GradingRequest, *, min_words: int) -> Evaluation | None:
    """The lowest levels for an answer that is too short or says nothing of its own; else None.

    An answer of a single word is for a grader to judge, unless the entry asks for more.

    Args:
        min_words: the least number of words that the entry asks for. Sentences that merely repeat
            the instructions do not count; an answer without any word of its own is none.
    """
    words = count_own_words(request)
    if words >= max(1, min_words):
        return None
    why = _reason(words, min_words, repeats=len(words_of(request.answer)) > words)
    criteria = tuple(_lowest(criterion, why) for criterion in request.rubric.criteria)
    return Evaluation(
        criteria=criteria,
        score=total_score((result.points, result.weight) for result in criteria),
        max_score=request.rubric.max_score,
        feedback=text_to_html(f"{why} {ADVICE}"),
        confidence=100,
        review_reasons=standing_reasons(request),
    )


def count_own_words(request: GradingRequest) -> int:
    """Words of the answer outside sentences that stand in the instructions as well.

    A word is a run of letters and digits. One sentence out of the instructions and nothing else
    does count, unless it is the first: it may be the right one among those to choose from.
    """
    given = _repeatable(request.instructions)
    sentences = [tuple(words_of(text)) for text in SENTENCE_BREAK.split(request.answer)]
    own = sum(len(words) for words in sentences if words not in given)
    repeated = [words for words in sentences if words in given]
    if not own and len(repeated) == 1 and given[repeated[0]] > 0:
        return len(repeated[0])
    return own


def _repeatable(instructions: str) -> dict[tuple[str, ...], int]:
    """The sentences whose repetition is no answer, folded, and which of the text they are.

    A line that does not end like a sentence may be one of the answers to choose from; the first
    one is the question or a heading.
    """
    sentences = SENTENCE_BREAK.split(instructions.strip())
    return {
        tuple(words_of(text)): number
        for number, text in reversed(list(enumerate(sentences)))
        if len(words_of(text)) >= LEAST_REPEATED
        and (number == 0 or text.rstrip().endswith(SENTENCE_ENDS))
    }


def _reason(words: int, min_words: int, *, repeats: bool) -> str:
    if not words and not repeats:
        return "The answer holds no word and no number."
    if not words:
        return "The answer only repeats the task and says nothing of its own."
    noun = "word" if words == 1 else "words"
    aside = ", not counting what repeats the task" if repeats else ""
    return f"The answer has {words} {noun} of its own{aside}; at least {min_words} are needed."


def _lowest(criterion: Criterion, why: str) -> CriterionResult:
    level = min(criterion.levels, key=lambda level: (level.points, -level.index))
    return result_of(criterion, level, reasoning=why, confidence=100)
