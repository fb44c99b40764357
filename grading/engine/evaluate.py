"""From a request to a checked evaluation."""

from __future__ import annotations

import time

from components.html import feedback_to_html, html_to_text
from components.rubrics import Criterion
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.evidence import find_evidence
from grading.engine.prompt import build_prompt
from grading.engine.reply import CriterionReply, parse_reply
from grading.engine.scoring import overall_confidence, total_score
from grading.engine.types import (
    CriterionResult,
    Evaluation,
    GradingRequest,
    Provider,
    ReviewReason,
)


def evaluate(request: GradingRequest, provider: Provider, *, review_below: int) -> Evaluation:
    """Ask the provider, then believe only what could be checked.

    Args:
        review_below: an overall confidence (0 to 100) under this sends the evaluation to a person.

    Raises:
        GradingError: the provider failed, or its reply is not exactly a reply.
    """
    prompt = build_prompt(request)
    started = time.monotonic()
    completion = provider.complete(request, prompt)
    latency_ms = round(1000 * (time.monotonic() - started))
    reply = parse_reply(completion.text, request.rubric)
    criteria = tuple(
        _result(criterion, item, request.answer)
        for criterion, item in zip(request.rubric.criteria, reply.criteria, strict=True)
    )
    feedback = feedback_to_html(reply.feedback)
    if not html_to_text(feedback).strip():
        message = "the feedback is empty"
        raise GradingError(ErrorCode.MALFORMED_REPLY, message, raw_reply=completion.text)
    confidence = overall_confidence(criteria)
    return Evaluation(
        criteria=criteria,
        score=total_score((result.points, result.weight) for result in criteria),
        max_score=request.rubric.max_score,
        feedback=feedback,
        confidence=confidence,
        review_reasons=_review_reasons(request, criteria, confidence, review_below),
        uses_ai=provider.uses_ai,
        latency_ms=latency_ms,
        completion=completion,
        prompt=prompt,
    )


def _result(criterion: Criterion, reply: CriterionReply, answer: str) -> CriterionResult:
    level = criterion.level(reply.column(criterion))
    return CriterionResult(
        index=criterion.index,
        text=criterion.text,
        level=level.index,
        level_text=level.text,
        points=level.points,
        max_points=criterion.max_points,
        weight=criterion.weight,
        reasoning=reply.reasoning,
        evidence=tuple(find_evidence(quote, answer) for quote in reply.evidence if quote.strip()),
        confidence=reply.confidence,
    )


def _review_reasons(
    request: GradingRequest,
    criteria: tuple[CriterionResult, ...],
    confidence: int,
    review_below: int,
) -> tuple[ReviewReason, ...]:
    reasons = []
    if confidence < review_below:
        reasons.append(ReviewReason.LOW_CONFIDENCE)
    pairs = zip(request.rubric.criteria, criteria, strict=True)
    if any(_lacks_evidence(criterion, result) for criterion, result in pairs):
        reasons.append(ReviewReason.UNVERIFIED_EVIDENCE)
    return tuple(reasons)


def _lacks_evidence(criterion: Criterion, result: CriterionResult) -> bool:
    """Quotes that do not exist, or a level above the lowest that nothing in the answer backs."""
    if not all(evidence.is_verified for evidence in result.evidence):
        return True
    return result.points > criterion.lowest_points and not result.evidence
