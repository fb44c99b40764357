"""The jobs of grading."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from components.models import Component, Rubric
from grading.engine.errors import ErrorCode
from grading.enums import ACTIVE_STATES, ERROR_SENTENCES, OPEN_STATES, RunState
from grading.models.policies import GradingBatch
from grading.models.providers import SITE_KEY, ProviderProfile

USUAL_WAIT = timedelta(minutes=5)


class GradingRunQuerySet(models.QuerySet["GradingRun"]):
    def active(self) -> GradingRunQuerySet:
        """Runs on their way: queued or running."""
        return self.filter(state__in=ACTIVE_STATES)

    def open(self) -> GradingRunQuerySet:
        """Runs that have not ended, stopped ones among them."""
        return self.filter(state__in=OPEN_STATES)

    def claimable(self, now: datetime) -> GradingRunQuerySet:
        """Runs that a worker may take: due in the queue, or left behind by a lost worker."""
        return self.filter(due_or_lost(now))


def due_or_lost(now: datetime) -> Q:
    """The condition of :meth:`GradingRunQuerySet.claimable`."""
    return Q(state=RunState.QUEUED, due_at__lte=now) | Q(
        state=RunState.RUNNING, lease_expires_at__lt=now
    )


class GradingRun(models.Model):
    """One job of grading, and its whole provenance. The row is the queue.

    A worker holds a run by `claim`, until `lease_expires_at`; what it brings back counts only
    while the claim is still its own. One claim is one call to a provider: a run that needs several
    goes back to the queue between them, with what it knows so far in `progress`.

    Attributes:
        component: that of the entry, which never changes; here for the queue's fair order.
        profile: who is asked next; None for the site's provider.
        attempts: at the call that comes next, counted when one begins; 0 again after a success.
        calls: begun in all.
        progress: in the shape of :class:`grading.engine.reply.Progress`.
        log: each call that ended, in order, as :func:`grading.services.runs.log_entry` writes it.
        prompt: `{system, task, answer}` of the last call; empty once the retention is over.
        model: as the provider itself reported it, of the first opinion.
        latency_ms: of all calls together.
        cost: of all calls together, by the prices of the time.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.ForeignKey("grading.Submission", models.CASCADE, related_name="runs")
    component = models.ForeignKey(Component, models.CASCADE, related_name="+")
    batch = models.ForeignKey(GradingBatch, models.CASCADE, null=True, related_name="runs")
    profile = models.ForeignKey(ProviderProfile, models.SET_NULL, null=True, related_name="+")
    rubric = models.ForeignKey(Rubric, models.PROTECT, null=True, related_name="runs")
    state = models.CharField(max_length=20, choices=RunState, default=RunState.QUEUED)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text=_("Not to be started before."))
    attempts = models.PositiveIntegerField(default=0, help_text=_("Counted when one starts."))
    calls = models.PositiveIntegerField(default=0)
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
    progress = models.JSONField(default=dict)
    log = models.JSONField(default=list)
    prompt = models.JSONField(default=dict)
    has_raw_texts = models.BooleanField(
        default=True, help_text=_("Whether prompt and replies are kept still.")
    )
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    latency_ms = models.PositiveIntegerField(null=True)
    cost = models.DecimalField(max_digits=12, decimal_places=6, default=0)

    objects = GradingRunQuerySet.as_manager()
    estimated_tokens: int = 0
    """Of a claimed run: what its call was expected to use, where tokens are limited."""

    class Meta:
        ordering = ["created_at"]
        verbose_name = _("grading run")
        verbose_name_plural = _("grading runs")
        indexes = [
            models.Index(fields=["submission", "-created_at"]),
            models.Index(
                fields=["component", "created_at"],
                name="run_queue",
                condition=Q(state__in=ACTIVE_STATES),
            ),
            models.Index(
                fields=["finished_at"],
                name="run_raw_texts",
                condition=Q(has_raw_texts=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["submission"],
                condition=Q(state__in=OPEN_STATES),
                name="run_one_open_per_submission",
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
                condition=Q(state__in=OPEN_STATES, finished_at__isnull=True)
                | (~Q(state__in=OPEN_STATES) & Q(finished_at__isnull=False)),
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
    def raw_reply(self) -> str:
        """What the last call brought, as it came; empty where nothing did or it is not kept."""
        return self.log[-1]["raw_reply"] if self.log else ""

    @property
    def has_ended(self) -> bool:
        return self.state not in OPEN_STATES

    @property
    def gate_key(self) -> str:
        """The key of the :class:`ProviderGate` that the next call goes through."""
        return str(self.profile_id) if self.profile_id else SITE_KEY

    @property
    def cause(self) -> str:
        """Why the last attempt failed, in a sentence; empty where it did not."""
        return str(ERROR_SENTENCES[ErrorCode(self.error_code)]) if self.error_code else ""

    @property
    def is_late(self) -> bool:
        """Whether grading takes longer than usual: it or an attempt failed, or it waits long."""
        waits_long = self.is_active and timezone.now() - self.created_at > USUAL_WAIT
        return waits_long or self.attempts > 1 or bool(self.error_code)
