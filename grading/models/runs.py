"""The jobs of grading."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from components.models import Rubric
from grading.engine.errors import ErrorCode
from grading.enums import ACTIVE_STATES, ERROR_SENTENCES, RunState

USUAL_WAIT = timedelta(minutes=5)


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
    submission = models.ForeignKey("grading.Submission", models.CASCADE, related_name="runs")
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
        """Whether grading takes longer than usual: it or an attempt failed, or it waits long."""
        waits_long = self.is_active and timezone.now() - self.created_at > USUAL_WAIT
        return waits_long or self.attempts > 1 or bool(self.error_code)
