"""What students hand in, and where they stand with it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.text import storable_text
from components.html import html_to_text
from components.models import Component, Entry
from grading.engine.types import ReviewReason
from grading.enums import ACTIVE_STATES, EntryStatus, ReviewKind, RunState, SubmissionStatus
from grading.models.runs import GradingRun

if TYPE_CHECKING:
    from grading.models.outcomes import Outcome, OutcomeRevision


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: User | AnonymousUser) -> SubmissionQuerySet:
        """Students see their own, also after they left a component; staff what they manage."""
        if not user.is_active:
            return self.none()
        if user.is_student:
            return self.filter(student=user)
        return self.managed_by(user)

    def managed_by(self, user: User | AnonymousUser) -> SubmissionQuerySet:
        """The submissions that `user` may review."""
        return self.filter(entry__component__in=Component.objects.managed_by(user))

    def with_outcome(self) -> SubmissionQuerySet:
        """Fetches the outcome with its revisions in force and released, in the same query."""
        return self.select_related("outcome__current__created_by", "outcome__released__created_by")

    def with_latest_run(self) -> SubmissionQuerySet:
        """Adds `run_state` and `run_error` of the newest run (None where there is none)."""
        return self._with_run(run_state="state", run_error="error_code")

    def _with_run(self, **fields: str) -> SubmissionQuerySet:
        newest = GradingRun.objects.filter(submission=models.OuterRef("pk")).order_by("-created_at")
        return self.annotate(
            **{name: models.Subquery(newest.values(field)[:1]) for name, field in fields.items()}
        )

    def to_review(self) -> SubmissionQuerySet:
        """Those that a person must look at, whatever the reason; see :data:`REVIEW_FILTERS`.

        Adds what :meth:`with_latest_run` adds, `run_finished_at`, `is_asked` (whether the student
        waits for an answer) and `reasons_text` (the outcome's reasons for review, as JSON).
        """
        from grading.models.reviews import ReviewRequest  # it imports this module

        is_open = Q(submission=models.OuterRef("pk"), answered_at__isnull=True)
        found = self.with_latest_run()._with_run(run_finished_at="finished_at")
        return found.annotate(
            is_asked=models.Exists(ReviewRequest.objects.filter(is_open)),
            # As text: SQLite cannot look for a member of a JSON list.
            reasons_text=Cast("outcome__review_reasons", models.TextField()),
        ).filter(_TO_REVIEW)

    def for_reason(self, kind: str) -> SubmissionQuerySet:
        """Those that have this :class:`ReviewKind` among their reasons; needs `to_review`."""
        return self.filter(REVIEW_FILTERS[ReviewKind(kind)])

    def in_status(self, status: str) -> SubmissionQuerySet:
        """Those whose :attr:`Submission.status` is `status`; needs :meth:`with_latest_run`."""
        return self.filter(STATUS_FILTERS[SubmissionStatus(status)])

    def search(self, text: str) -> SubmissionQuerySet:
        """Submissions whose title contains `text`."""
        return self.filter(title__icontains=storable_text(text))

    def changed_since(self, moment: datetime) -> SubmissionQuerySet:
        """Those handed in, graded, decided on, released, or failed at this time or later.

        A new run counts from when it was asked for, and once more when it starts.
        """
        runs = GradingRun.objects.filter(submission=models.OuterRef("pk"))
        moved = runs.filter(
            Q(created_at__gte=moment) | Q(started_at__gte=moment) | Q(finished_at__gte=moment)
        )
        return self.filter(
            Q(submitted_at__gte=moment)
            | Q(outcome__updated_at__gte=moment)
            | Q(models.Exists(moved))
        )

    def newest_first(self) -> SubmissionQuerySet:
        return self.order_by("-submitted_at", "-attempt")


class Submission(models.Model):
    """One attempt of a student at an entry. It never changes once it is handed in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="submissions")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="submissions"
    )
    attempt = models.PositiveIntegerField(_("attempt"))
    title = models.CharField(_("title"), max_length=255)
    content = models.TextField(_("answer"))
    hidden_text = models.JSONField(
        _("hidden text"),
        default=list,
        blank=True,
        help_text=_("What nobody could see and was taken out: kind and text, for staff."),
    )
    idempotency_key = models.CharField(
        max_length=255,
        null=True,
        help_text=_("Given by the client: the same key hands in the same answer only once."),
    )
    submitted_at = models.DateTimeField(_("submitted"))

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-submitted_at"]
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        indexes = [
            models.Index(fields=["entry", "-submitted_at"]),
            models.Index(fields=["student", "-submitted_at"]),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "student", "attempt"], name="submission_attempt_unique"
            ),
            models.UniqueConstraint(
                fields=["student", "idempotency_key"], name="submission_key_unique"
            ),
            models.CheckConstraint(condition=Q(attempt__gte=1), name="submission_attempt_from_1"),
            models.CheckConstraint(condition=~Q(content=""), name="submission_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.attempt})"

    @property
    def text(self) -> str:
        """The answer as plain text: what is graded, and what offsets of evidence refer to."""
        return html_to_text(self.content)

    @property
    def current_outcome(self) -> Outcome | None:
        """The outcome as staff see it, or None."""
        return getattr(self, "outcome", None)

    @property
    def released_revision(self) -> OutcomeRevision | None:
        """What the student may read, or None."""
        outcome = self.current_outcome
        return outcome.released if outcome else None

    @property
    def status(self) -> SubmissionStatus:
        """Where it stands for staff; needs :meth:`SubmissionQuerySet.with_latest_run`."""
        outcome = self.current_outcome
        return status_of(self.run_state, outcome.needs_review if outcome else None)  # type: ignore[attr-defined]


def status_of(run_state: str | None, needs_review: bool | None) -> SubmissionStatus:
    """Where a submission stands for staff.

    Args:
        run_state: of its newest run, if there is one.
        needs_review: of its outcome; None where there is none.
    """
    if run_state == RunState.QUEUED:
        return SubmissionStatus.QUEUED
    if run_state == RunState.RUNNING:
        return SubmissionStatus.GRADING
    return SubmissionStatus.RELEASED if needs_review is False else SubmissionStatus.NEEDS_PERSON


_IDLE = Q(run_state__isnull=True) | ~Q(run_state__in=ACTIVE_STATES)
STATUS_FILTERS = {
    SubmissionStatus.QUEUED: Q(run_state=RunState.QUEUED),
    SubmissionStatus.GRADING: Q(run_state=RunState.RUNNING),
    SubmissionStatus.NEEDS_PERSON: _IDLE
    & (Q(outcome__isnull=True) | Q(outcome__needs_review=True)),
    SubmissionStatus.RELEASED: _IDLE & Q(outcome__needs_review=False),
}
"""The same four cases as :func:`status_of`, for the database."""

_HAS_FAILED = Q(run_state=RunState.FAILED) & (
    # What somebody decided or released since then settles it.
    Q(outcome__isnull=True) | Q(run_finished_at__gt=F("outcome__updated_at"))
)
_WAS_STOPPED = Q(run_state=RunState.PAUSED, outcome__isnull=True)
_TO_REVIEW = Q(outcome__needs_review=True) | _HAS_FAILED | _WAS_STOPPED | Q(is_asked=True)
REVIEW_FILTERS = {
    ReviewKind.ASKED: Q(is_asked=True),
    ReviewKind.FAILED: _HAS_FAILED,
    ReviewKind.STOPPED: _WAS_STOPPED,
    **{
        ReviewKind(reason): Q(outcome__needs_review=True, reasons_text__contains=f'"{reason}"')
        for reason in ReviewReason
    },
}
"""Why a submission is in the review queue; on top of :meth:`SubmissionQuerySet.to_review`."""


class StudentEntryState(models.Model):
    """Where a student stands with an entry; no row means that nothing was submitted.

    Its id follows from the entry and the student, so that it is the same before there is a row.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    entry = models.ForeignKey(Entry, models.CASCADE, related_name="student_states")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="entry_states"
    )
    status = models.CharField(max_length=30, choices=EntryStatus, default=EntryStatus.NOT_SUBMITTED)
    latest_submission = models.ForeignKey(Submission, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("student's state in an entry")
        verbose_name_plural = _("students' states in entries")
        constraints = [
            models.UniqueConstraint(fields=["entry", "student"], name="state_once_per_student"),
            models.CheckConstraint(
                condition=Q(status__in=EntryStatus.values), name="state_status_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student_id} {self.entry_id}: {self.status}"

    @staticmethod
    def id_for(entry_id: uuid.UUID, student_id: uuid.UUID) -> uuid.UUID:
        """The id of this student's state in this entry."""
        return uuid.uuid5(entry_id, str(student_id))
