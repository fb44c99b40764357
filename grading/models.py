"""Submissions, the runs that grade them, and their outcomes."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from components.html import html_to_text
from components.models import Component, Entry, Rubric
from grading.engine.errors import ErrorCode
from grading.engine.types import ReviewReason
from grading.enums import (
    ACTIVE_STATES,
    ERROR_SENTENCES,
    REVIEW_SENTENCES,
    EntryStatus,
    GraderKind,
    RunState,
    SubmissionStatus,
)


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
        newest = GradingRun.objects.filter(submission=models.OuterRef("pk")).order_by("-created_at")
        return self.annotate(
            run_state=models.Subquery(newest.values("state")[:1]),
            run_error=models.Subquery(newest.values("error_code")[:1]),
        )

    def in_status(self, status: str) -> SubmissionQuerySet:
        """Those whose :attr:`Submission.status` is `status`; needs :meth:`with_latest_run`."""
        return self.filter(STATUS_FILTERS[SubmissionStatus(status)])

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
        if self.run_state == RunState.QUEUED:  # type: ignore[attr-defined]
            return SubmissionStatus.QUEUED
        if self.run_state == RunState.RUNNING:  # type: ignore[attr-defined]
            return SubmissionStatus.GRADING
        outcome = self.current_outcome
        if outcome is None or outcome.needs_review:
            return SubmissionStatus.NEEDS_PERSON
        return SubmissionStatus.RELEASED


_IDLE = Q(run_state__isnull=True) | ~Q(run_state__in=ACTIVE_STATES)
STATUS_FILTERS = {
    SubmissionStatus.QUEUED: Q(run_state=RunState.QUEUED),
    SubmissionStatus.GRADING: Q(run_state=RunState.RUNNING),
    SubmissionStatus.NEEDS_PERSON: _IDLE
    & (Q(outcome__isnull=True) | Q(outcome__needs_review=True)),
    SubmissionStatus.RELEASED: _IDLE & Q(outcome__needs_review=False),
}
"""The same four cases as :attr:`Submission.status`, for the database."""


class StudentEntryState(models.Model):
    """Where a student stands with an entry; no row means that nothing was submitted."""

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


class GradingRunQuerySet(models.QuerySet["GradingRun"]):
    def active(self) -> GradingRunQuerySet:
        """Runs that still have to end."""
        return self.filter(state__in=ACTIVE_STATES)

    def claimable(self, now: datetime) -> GradingRunQuerySet:
        """Runs that a worker may take: due in the queue, or left behind by a lost worker."""
        return self.filter(
            Q(state=RunState.QUEUED, due_at__lte=now)
            | Q(state=RunState.RUNNING, lease_expires_at__lt=now)
        )


class GradingRun(models.Model):
    """One job of grading, and its whole provenance. The row is the queue.

    A worker holds a run by `claim`, until `lease_expires_at`; what it brings back counts only
    while the claim is still its own.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="runs")
    rubric = models.ForeignKey(Rubric, models.PROTECT, null=True, related_name="runs")
    state = models.CharField(max_length=20, choices=RunState, default=RunState.QUEUED)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text=_("Not to be started before."))
    attempts = models.PositiveIntegerField(default=0, help_text=_("Counted when one starts."))
    claim = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True, help_text=_("When the first attempt began."))
    finished_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    provider = models.CharField(max_length=40, blank=True)
    model = models.CharField(max_length=120, blank=True)
    parameters = models.JSONField(default=dict)
    prompt_version = models.CharField(max_length=40, blank=True)
    prompt_hash = models.CharField(max_length=64, blank=True)
    raw_reply = models.TextField(blank=True)
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    latency_ms = models.PositiveIntegerField(null=True)

    objects = GradingRunQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        verbose_name = _("grading run")
        verbose_name_plural = _("grading runs")
        indexes = [
            models.Index(fields=["submission", "-created_at"]),
            models.Index(fields=["due_at"], name="run_queued", condition=Q(state=RunState.QUEUED)),
            models.Index(
                fields=["lease_expires_at"], name="run_leases", condition=Q(state=RunState.RUNNING)
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["submission"],
                condition=Q(state__in=ACTIVE_STATES),
                name="run_one_active_per_submission",
                violation_error_message=_("This submission is being graded already."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=RunState.values), name="run_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=RunState.RUNNING, claim__isnull=False, lease_expires_at__isnull=False
                )
                | (
                    ~Q(state=RunState.RUNNING)
                    & Q(claim__isnull=True, lease_expires_at__isnull=True)
                ),
                name="run_claimed_while_running",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ACTIVE_STATES, finished_at__isnull=True)
                | (~Q(state__in=ACTIVE_STATES) & Q(finished_at__isnull=False)),
                name="run_finished_when_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state=RunState.FAILED) | ~Q(error_code=""),
                name="run_failure_has_cause",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.state}"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES

    @property
    def cause(self) -> str:
        """Why the last attempt failed, in a sentence; empty where it did not."""
        return str(ERROR_SENTENCES[ErrorCode(self.error_code)]) if self.error_code else ""

    @property
    def is_late(self) -> bool:
        """Whether grading takes longer than usual: it failed, or an attempt did."""
        return self.state == RunState.FAILED or self.attempts > 1 or bool(self.error_code)


class Outcome(models.Model):
    """The result of a submission: what is in force, and what the student may read.

    `current` is in force for staff; `released` is what the student sees, None until released.
    They differ while a new evaluation waits for somebody to look at it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.OneToOneField(Submission, models.CASCADE, related_name="outcome")
    current = models.OneToOneField("OutcomeRevision", models.DO_NOTHING, related_name="current_of")
    released = models.OneToOneField(
        "OutcomeRevision", models.DO_NOTHING, null=True, related_name="released_of"
    )
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    needs_review = models.BooleanField(default=False)
    review_reasons = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        indexes = [
            models.Index(
                fields=["submission"], name="outcome_to_review", condition=Q(needs_review=True)
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(released__isnull=True, released_at__isnull=True)
                | Q(released__isnull=False, released_at__isnull=False),
                name="outcome_release_has_time",
            ),
            models.CheckConstraint(
                condition=Q(needs_review=True) | Q(released__isnull=False, released=F("current")),
                name="outcome_released_or_to_review",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}"

    @property
    def review_sentences(self) -> list[str]:
        """Why a person should look, in sentences."""
        return [str(REVIEW_SENTENCES[ReviewReason(reason)]) for reason in self.review_reasons]


class OutcomeRevision(models.Model):
    """One step in an outcome's history: who or what decided, and why. Never changed or removed.

    Attributes:
        criteria: a list of results in the shape of :class:`grading.engine.types.CriterionResult`,
            points as decimal texts, and `evidence` as `{quote, start, end}`.
        feedback: HTML with the tags of the API contract only.
        confidence: 0 to 100; None for a person.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    outcome = models.ForeignKey(Outcome, models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    grader = models.CharField(max_length=20, choices=GraderKind)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    run = models.OneToOneField(GradingRun, models.CASCADE, null=True, related_name="revision")
    rubric = models.ForeignKey(Rubric, models.PROTECT, null=True, related_name="revisions")
    reason = models.TextField(blank=True)
    criteria = models.JSONField(default=list)
    score = models.DecimalField(max_digits=12, decimal_places=2)
    max_score = models.DecimalField(max_digits=12, decimal_places=2)
    feedback = models.TextField(blank=True)
    confidence = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        verbose_name = _("revision of an outcome")
        verbose_name_plural = _("revisions of outcomes")
        constraints = [
            models.UniqueConstraint(fields=["outcome", "number"], name="revision_number_unique"),
            models.CheckConstraint(
                condition=Q(score__gte=0, score__lte=F("max_score")), name="revision_score_in_range"
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__lte=100),
                name="revision_confidence_is_percent",
            ),
            models.CheckConstraint(
                condition=Q(grader=GraderKind.PERSON, run__isnull=True)
                | (~Q(grader=GraderKind.PERSON) & Q(run__isnull=False)),
                name="revision_by_person_or_run",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome_id} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A revision never changes; a new decision is a new revision.")
        super().save(*args, **kwargs)

    @property
    def is_by_person(self) -> bool:
        return self.grader == GraderKind.PERSON

    @property
    def percent(self) -> int:
        """The score in percent of the best, rounded down; 0 where there is nothing to score."""
        return int(100 * self.score / self.max_score) if self.max_score else 0


class HumanScore(models.Model):
    """Points that a person gave to an imported answer, for comparing graders with people.

    It is not an outcome, and students never see it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="human_scores")
    rubric = models.ForeignKey(Rubric, models.PROTECT, related_name="human_scores")
    grader = models.CharField(_("grader"), max_length=100)
    criterion = models.PositiveIntegerField(_("criterion"), help_text=_("Its row in the rubric."))
    points = models.DecimalField(_("points"), max_digits=8, decimal_places=2)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("human score")
        verbose_name_plural = _("human scores")
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "grader", "criterion"], name="human_score_once"
            ),
            models.CheckConstraint(condition=Q(points__gte=0), name="human_score_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.grader}: {self.points}"
