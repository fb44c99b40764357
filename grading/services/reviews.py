"""A student asks for a person, and a person answers."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ConflictError, DomainError, ForbiddenError
from accounts.models import User
from accounts.text import storable_text
from grading.models import OutcomeRevision, ReviewRequest, Submission
from grading.rules import can_ask_for_review, can_review, is_author
from grading.services.runs import lock_submission

MAX_REASON = 2000
MAX_ANSWER = 5000


@transaction.atomic
def ask_for_review(
    submission: Submission, *, reason: str, criterion: int | None = None, by: User
) -> ReviewRequest:
    """Ask a person to look at a released outcome again.

    Asking the same in the same words while that is open is no second request: a double click is
    one.

    Args:
        criterion: the rubric's row that it is about; None for the whole outcome.

    Raises:
        DomainError: `forbidden`, `nothing_released`, `reason_missing`, `reason_too_long`,
            `nul_character`, `unknown_criterion`, or `already_asked` where another request about
            the same is open.
    """
    if not is_author(by, submission):
        raise ForbiddenError("forbidden", _("Only the student who wrote this can ask about it."))
    lock_submission(submission)
    current = Submission.objects.with_outcome().get(pk=submission.pk)
    revision = current.released_revision
    if revision is None or not can_ask_for_review(by, current):
        raise DomainError("nothing_released", _("There is no outcome to ask about yet."))
    _check_criterion(criterion, revision)
    missing = _("Say what a person should look at.")
    reason = _checked(reason, "reason", missing=missing, limit=MAX_REASON)
    known = current.review_requests.filter(criterion=criterion, answered_at__isnull=True).first()
    if known is None:
        return ReviewRequest.objects.create(
            submission=current, criterion=criterion, reason=reason, created_at=timezone.now()
        )
    if known.reason == reason:
        return known
    raise ConflictError(
        "already_asked",
        _("You asked about this already. Wait for the answer, then you can ask again."),
        field="criterion",
    )


@transaction.atomic
def answer_review(request: ReviewRequest, *, answer: str, by: User) -> ReviewRequest:
    """Answer a student who asked; they read it beside the outcome.

    Raises:
        DomainError: `forbidden`, `answer_missing`, `answer_too_long`, `nul_character`, or
            `already_answered` where somebody else was faster.
    """
    if not can_review(by, request.submission):
        raise ForbiddenError("forbidden", _("You are not in charge of this component."))
    missing = _("Write an answer for the student.")
    answer = _checked(answer, "answer", missing=missing, limit=MAX_ANSWER)
    locked = ReviewRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if not locked.is_open:
        raise ConflictError(
            "already_answered",
            _("This was answered meanwhile. Your answer is still below, and was not sent."),
            field="answer",
        )
    locked.answer, locked.answered_by, locked.answered_at = answer, by, timezone.now()
    locked.save(update_fields=["answer", "answered_by", "answered_at"])
    return locked


def _check_criterion(criterion: int | None, revision: OutcomeRevision) -> None:
    if criterion is None or criterion in {item["index"] for item in revision.criteria}:
        return
    message = _("Choose one of the criteria of your outcome.")
    raise DomainError("unknown_criterion", message, field="criterion")


def _checked(text: str, field: str, *, missing: str, limit: int) -> str:
    """The trimmed text, each line break one character.

    Raises:
        DomainError: `<field>_missing`, `<field>_too_long` or `nul_character`.
    """
    text = text.strip().replace("\r\n", "\n")
    if not text:
        raise DomainError(f"{field}_missing", missing, field=field)
    if "\x00" in text:
        message = _("The text contains a NUL character. Remove it, then send it again.")
        raise DomainError("nul_character", message, field=field)
    if len(text) > limit:
        message = _("The text has %(length)d characters; at most %(limit)d are allowed.")
        raise DomainError(
            f"{field}_too_long", message % {"length": len(text), "limit": limit}, field=field
        )
    return storable_text(text)
