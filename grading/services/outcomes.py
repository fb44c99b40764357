"""Outcomes: recorded from a run, overridden by a person, released to the student."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ConflictError, DomainError, ForbiddenError
from accounts.models import User
from accounts.text import storable_text
from components.html import feedback_to_html, html_to_text
from components.models import Entry, Rubric
from components.rubrics import CENT, Criterion
from grading.engine.reply import Progress
from grading.engine.types import CriterionResult, Evaluation
from grading.enums import GraderKind, RunState, WebhookEvent
from grading.models import GradingRun, Outcome, OutcomeRevision, Submission
from grading.models.outcomes import sum_of
from grading.rules import can_review
from grading.services.runs import Call, lock_claimed, lock_submission, note_call, release_claim
from grading.services.states import refresh_state
from grading.services.webhooks import announce


@dataclass(frozen=True)
class CriterionDecision:
    """What a person decides on one criterion.

    Attributes:
        level: the level's column in the rubric.
        points: before the criterion's weight; None for what the level is worth.
        comment: why, for the student; may be empty.
    """

    level: int
    points: Decimal | None = None
    comment: str = ""


@transaction.atomic
def record_evaluation(
    run: GradingRun,
    evaluation: Evaluation,
    *,
    grader: GraderKind,
    call: Call | None = None,
    progress: Progress | None = None,
) -> Outcome | None:
    """End a run with its evaluation, and put that in force unless a person decided before.

    A sound evaluation is the student's at once; one with a reason for review waits for somebody,
    and what was released before stays released meanwhile.

    Args:
        call: the last one; None where none was needed.
        progress: what all calls together brought.

    Returns:
        The outcome, or None where the claim was lost meanwhile and nothing changed.
    """
    held = lock_claimed(run)
    if held is None:
        return None
    _end_well(held, call, progress)
    submission = held.submission
    before = _lock_outcome(submission)
    revision = OutcomeRevision(
        grader=grader,
        run=held,
        rubric=held.rubric,
        criteria=[_stored(result) for result in evaluation.criteria],
        score=evaluation.score,
        max_score=evaluation.max_score,
        feedback=evaluation.feedback,
        confidence=evaluation.confidence,
    )
    if before is not None and before.current.is_by_person:
        _append(before, revision)
        return before
    reasons = [str(reason) for reason in evaluation.review_reasons]
    outcome = _put_in_force(submission, before, revision, review_reasons=reasons, released_by=None)
    if not outcome.needs_review:
        announce(WebhookEvent.OUTCOME_AVAILABLE, submission, outcome)
    return outcome


@transaction.atomic
def override_outcome(
    submission: Submission,
    *,
    decisions: list[CriterionDecision] | None = None,
    feedback: str | None = None,
    score: Decimal | None = None,
    confidence: int | None = None,
    reason: str,
    expected_revision: int | None,
    expected_rubric: str | None = None,
    by: User,
) -> Outcome:
    """Put a person's decision in force and release it; it outranks every later run.

    What is left away stays as it is in the outcome in force.

    Args:
        decisions: one per criterion of the rubric, in its order; empty where there is no rubric.
        feedback: plain text or HTML, for the student.
        score: the person's own total, instead of the sum over the criteria.
        confidence: what the machine's confidence was, 0 to 100.
        reason: why, for the history; needed where an outcome is in force already.
        expected_revision: the number of the revision that the person looked at (0 for none), or
            None to replace whatever is in force.
        expected_rubric: the content hash of the rubric that the decisions were made with (empty
            for none), or None where that cannot have changed.

    Raises:
        DomainError: `forbidden`, `stale_outcome`, `stale_rubric`, `reason_missing`,
            `feedback_missing`, `wrong_criteria`, `unknown_level`, `points_out_of_range` or
            `score_out_of_range`; `field` names the input, as `level_<i>` or `points_<i>` for those
            of a criterion.
    """
    if not can_review(by, submission):
        raise ForbiddenError("forbidden", _("You are not in charge of this component."))
    outcome = _lock_outcome(submission)
    _check_not_stale(outcome, expected_revision)
    if outcome is not None and not reason.strip():
        raise DomainError("reason_missing", _("Say why you change the outcome."), field="reason")
    rubric = rubric_in_force(submission)
    _check_same_rubric(rubric, expected_rubric)
    before = outcome.current if outcome else None
    max_score = rubric.spec.max_score if rubric else Decimal(0)
    if before is not None and decisions is None:
        criteria, total = before.criteria, before.score
    else:
        criteria = _decided_criteria(rubric, decisions or [], before)
        total = sum_of(criteria)
    revision = OutcomeRevision(
        grader=GraderKind.PERSON,
        created_by=by,
        rubric=rubric,
        reason=reason.strip(),
        criteria=criteria,
        score=_checked_score(total if score is None else score, max_score),
        max_score=max_score,
        feedback=_checked_feedback(feedback, before),
        confidence=confidence if confidence is not None or before is None else before.confidence,
    )
    is_first = outcome is None or outcome.released_id is None
    outcome = _put_in_force(submission, outcome, revision, review_reasons=[], released_by=by)
    if is_first:
        announce(WebhookEvent.OUTCOME_AVAILABLE, submission, outcome)
    announce(WebhookEvent.OUTCOME_OVERRIDDEN, submission, outcome)
    return outcome


@transaction.atomic
def release_outcome(submission: Submission, *, expected_revision: int, by: User) -> Outcome:
    """Let the student see what is in force, after a person looked at it.

    Raises:
        DomainError: `forbidden`, `nothing_to_release` or `stale_outcome`.
    """
    if not can_review(by, submission):
        raise ForbiddenError("forbidden", _("You are not in charge of this component."))
    outcome = _lock_outcome(submission)
    if outcome is None or not outcome.needs_review:
        raise DomainError("nothing_to_release", _("There is nothing that waits for release."))
    _check_not_stale(outcome, expected_revision)
    outcome.needs_review = False
    outcome.review_reasons = []
    _release(outcome, by)
    outcome.save()
    refresh_state(submission.entry, submission.student)
    announce(WebhookEvent.OUTCOME_AVAILABLE, submission, outcome)
    return outcome


def rubric_in_force(submission: Submission) -> Rubric | None:
    """The rubric a person decides with: that of the outcome in force, else the entry's of now."""
    outcome = (
        Outcome.objects.filter(submission=submission).select_related("current__rubric").first()
    )
    if outcome:
        return outcome.current.rubric
    return Entry.objects.select_related("rubric").get(pk=submission.entry_id).rubric


def _lock_outcome(submission: Submission) -> Outcome | None:
    # The submission is locked first: before its first outcome there is no row to lock.
    lock_submission(submission)
    return Outcome.objects.select_related("current").filter(submission=submission).first()


def _check_not_stale(outcome: Outcome | None, expected_revision: int | None) -> None:
    number = outcome.current.number if outcome else 0
    if expected_revision is not None and number != expected_revision:
        raise ConflictError(
            "stale_outcome",
            _(
                "This outcome changed while you were looking at it. What you entered is still "
                "below; check it against the outcome of now, then save again."
            ),
        )


def _check_same_rubric(rubric: Rubric | None, expected: str | None) -> None:
    if expected is not None and expected != (rubric.content_hash if rubric else ""):
        raise ConflictError(
            "stale_rubric",
            _(
                "The entry's rubric changed while you were deciding. Choose the levels again, by "
                "the rubric of now, then save."
            ),
        )


def _put_in_force(
    submission: Submission,
    outcome: Outcome | None,
    revision: OutcomeRevision,
    *,
    review_reasons: list[str],
    released_by: User | None,
) -> Outcome:
    is_new = outcome is None
    outcome = outcome or Outcome(submission=submission)
    outcome.current = revision
    outcome.needs_review = bool(review_reasons)
    outcome.review_reasons = review_reasons
    if not review_reasons:
        _release(outcome, released_by)
    # Each row needs the other: the database checks both keys when the transaction commits.
    if is_new:
        outcome.save(force_insert=True)
    _append(outcome, revision)
    if not is_new:
        outcome.save()
    refresh_state(submission.entry, submission.student)
    return outcome


def _release(outcome: Outcome, by: User | None) -> None:
    outcome.released = outcome.current
    outcome.released_at = timezone.now()
    outcome.released_by = by


def _append(outcome: Outcome, revision: OutcomeRevision) -> None:
    revision.outcome = outcome
    revision.number = outcome.revisions.count() + 1
    revision.created_at = timezone.now()
    revision.save(force_insert=True)


def _end_well(held: GradingRun, call: Call | None, progress: Progress | None) -> None:
    release_claim(held, RunState.SUCCEEDED)
    held.error_code = held.error_message = ""
    if progress is not None:
        held.progress = progress.model_dump(mode="json")
    if call is not None:
        note_call(held, call, None)
    held.save()


def _stored(result: CriterionResult) -> dict[str, Any]:
    return {
        "index": result.index,
        "text": result.text,
        "level": result.level,
        "level_text": result.level_text,
        "points": str(result.points),
        "max_points": str(result.max_points),
        "weight": str(result.weight),
        "reasoning": result.reasoning,
        "evidence": [
            {"quote": item.quote, "start": item.start, "end": item.end} for item in result.evidence
        ],
        "confidence": result.confidence,
        "opinions": list(result.opinions),
    }


def _checked_score(score: Decimal, max_score: Decimal) -> Decimal:
    if not 0 <= score <= max_score:
        message = _("The score goes from 0 to %s here.") % max_score
        raise DomainError("score_out_of_range", message, field="score")
    return score.quantize(CENT, ROUND_HALF_UP)


def _checked_feedback(feedback: str | None, before: OutcomeRevision | None) -> str:
    if feedback is None and before is not None:
        return before.feedback
    feedback_html = feedback_to_html(storable_text(feedback or ""))
    if not html_to_text(feedback_html).strip():
        raise DomainError(
            "feedback_missing", _("Write feedback for the student."), field="feedback"
        )
    return feedback_html


def _decided_criteria(
    rubric: Rubric | None, decisions: list[CriterionDecision], before: OutcomeRevision | None
) -> list[dict[str, Any]]:
    criteria = rubric.spec.criteria if rubric else ()
    if len(decisions) != len(criteria):
        message = _("Decide on each of the %d criteria.") % len(criteria)
        raise DomainError("wrong_criteria", message)
    earlier = {item["index"]: item for item in before.criteria} if before else {}
    return [
        _decided(criterion, decision, earlier.get(criterion.index, {}))
        for criterion, decision in zip(criteria, decisions, strict=True)
    ]


def _decided(
    criterion: Criterion, decision: CriterionDecision, before: dict[str, Any]
) -> dict[str, Any]:
    try:
        level = criterion.level(decision.level)
    except KeyError:
        message = _("Choose one of this criterion's levels.")
        raise DomainError("unknown_level", message, field=f"level_{criterion.index}") from None
    points = level.points if decision.points is None else decision.points
    if points.is_nan() or not 0 <= points <= criterion.max_points:
        message = _("Points go from 0 to %s here.") % criterion.max_points
        raise DomainError("points_out_of_range", message, field=f"points_{criterion.index}")
    is_kept = before.get("level") == level.index and not decision.comment
    return {
        "index": criterion.index,
        "text": criterion.text,
        "level": level.index,
        "level_text": level.text,
        "points": str(points),
        "max_points": str(criterion.max_points),
        "weight": str(criterion.weight),
        # Where the person keeps the level, the reasons and quotes for it still hold.
        "reasoning": before.get("reasoning", "") if is_kept else decision.comment.strip(),
        "evidence": before.get("evidence", []) if is_kept else [],
        "confidence": None,
        "opinions": [],
    }
