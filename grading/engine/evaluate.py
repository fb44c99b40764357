"""From all that a provider said to a checked evaluation: only what could be checked is believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from components.html import feedback_to_html, html_to_text
from components.rubrics import Criterion, Level
from grading.engine.answers import addresses_grader
from grading.engine.evidence import find_evidence
from grading.engine.leaks import leaks
from grading.engine.reply import CriterionReply, Progress, criterion_key
from grading.engine.scoring import criterion_confidence, overall_confidence, total_score
from grading.engine.types import CriterionResult, Evaluation, Evidence, GradingRequest, ReviewReason


def conclude(request: GradingRequest, progress: Progress, *, review_below: int) -> Evaluation:
    """The evaluation that a run's opinions amount to.

    The level in force is the one that most opinions chose; see :func:`level_in_force`. Reasons
    and quotes are those of the first opinion that chose it, the feedback is the first opinion's.

    Args:
        progress: whole, that is :func:`grading.engine.asks.next_ask` has nothing left to ask.
        review_below: an overall confidence (0 to 100) under this sends the evaluation to a person.

    Raises:
        ValueError: a criterion or the feedback is missing.
    """
    criteria = tuple(
        _result(criterion, _replies(criterion, progress), request.answer)
        for criterion in request.rubric.criteria
    )
    feedback = feedback_to_html(progress.opinion(0).feedback)
    if not feedback:
        raise ValueError("the feedback is missing")
    confidence = overall_confidence(criteria)
    return Evaluation(
        criteria=criteria,
        score=total_score((result.points, result.weight) for result in criteria),
        max_score=request.rubric.max_score,
        feedback=feedback,
        confidence=confidence,
        review_reasons=_review_reasons(request, criteria, feedback, confidence < review_below),
    )


def level_in_force(levels: Sequence[Level]) -> Level:
    """The level that most opinions chose; of several such, the middle one by points.

    Of an even number of them it is the lower middle: in doubt, not more than was shown.

    Args:
        levels: the level of each opinion, at least one.
    """
    votes = Counter(level.index for level in levels)
    most = max(votes.values())
    tied = {level.index: level for level in levels if votes[level.index] == most}
    ranked = sorted(tied.values(), key=lambda level: (level.points, -level.index))
    return ranked[(len(ranked) - 1) // 2]


def result_of(
    criterion: Criterion,
    level: Level,
    *,
    reasoning: str,
    confidence: int,
    evidence: tuple[Evidence, ...] = (),
    opinions: tuple[int, ...] = (),
) -> CriterionResult:
    """What reaching a level on a criterion comes to, with the points that it is worth."""
    return CriterionResult(
        index=criterion.index,
        text=criterion.text,
        level=level.index,
        level_text=level.text,
        points=level.points,
        max_points=criterion.max_points,
        weight=criterion.weight,
        reasoning=reasoning,
        evidence=evidence,
        confidence=confidence,
        opinions=opinions,
    )


def _replies(criterion: Criterion, progress: Progress) -> list[CriterionReply]:
    replies = [
        opinion.criteria[criterion.index]
        for opinion in progress.opinions
        if criterion.index in opinion.criteria
    ]
    if not replies:
        raise ValueError(f"{criterion_key(criterion.index)} is missing")
    return replies


def _result(criterion: Criterion, replies: list[CriterionReply], answer: str) -> CriterionResult:
    columns = [reply.column(criterion) for reply in replies]
    level = level_in_force([criterion.level(column) for column in columns])
    chosen = replies[columns.index(level.index)]
    evidence = tuple(find_evidence(quote, answer) for quote in chosen.evidence if quote.strip())
    return result_of(
        criterion,
        level,
        reasoning=chosen.reasoning,
        evidence=evidence,
        confidence=criterion_confidence(
            [reply.confidence for reply in replies],
            verified=sum(quote.is_verified for quote in evidence),
            quoted=len(evidence),
            levels=columns,
        ),
        opinions=tuple(columns) if len(columns) > 1 else (),
    )


def standing_reasons(request: GradingRequest) -> tuple[ReviewReason, ...]:
    """Why the answer itself, whatever its level, needs a person."""
    found = {
        ReviewReason.ADDRESSES_GRADER: bool(addresses_grader(request.answer)),
        ReviewReason.HIDDEN_TEXT: request.has_hidden_text,
    }
    return tuple(reason for reason, holds in found.items() if holds)


def _review_reasons(
    request: GradingRequest,
    criteria: tuple[CriterionResult, ...],
    feedback: str,
    is_unsure: bool,
) -> tuple[ReviewReason, ...]:
    pairs = zip(request.rubric.criteria, criteria, strict=True)
    found = {
        ReviewReason.LOW_CONFIDENCE: is_unsure,
        ReviewReason.UNVERIFIED_EVIDENCE: any(_lacks_evidence(*pair) for pair in pairs),
        ReviewReason.DISAGREEMENT: any(len(set(result.opinions)) > 1 for result in criteria),
        **dict.fromkeys(standing_reasons(request), True),
        ReviewReason.RUBRIC_LEAK: _tells_rubric(request, criteria, feedback),
    }
    return tuple(reason for reason, holds in found.items() if holds)


def _lacks_evidence(criterion: Criterion, result: CriterionResult) -> bool:
    """Quotes that do not exist, or a level above the lowest that nothing in the answer backs."""
    if not all(evidence.is_verified for evidence in result.evidence):
        return True
    return result.points > criterion.lowest_points and not result.evidence


def _tells_rubric(
    request: GradingRequest, criteria: tuple[CriterionResult, ...], feedback: str
) -> bool:
    """Whether the student would read level descriptions that the entry keeps to itself.

    What a criterion or a level is called is shown with every outcome and no secret.
    """
    if not request.is_rubric_hidden:
        return False
    rubric = request.rubric
    names = [*rubric.level_texts, *(criterion.text for criterion in rubric.criteria)]
    shown = [html_to_text(feedback), *(result.reasoning for result in criteria)]
    return leaks(rubric, shown, [request.answer, request.instructions, *names])
