"""Results, their history, and what people gave elsewhere."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from components.models import Component, Rubric
from grading.engine.scoring import total_score
from grading.engine.types import ReviewReason
from grading.enums import REVIEW_SENTENCES, GraderKind
from grading.models.runs import GradingRun
from grading.models.submissions import Submission


class OutcomeQuerySet(models.QuerySet["Outcome"]):
    def managed_by(self, user: User | AnonymousUser) -> OutcomeQuerySet:
        """The outcomes that `user` may review."""
        return self.filter(submission__entry__component__in=Component.objects.managed_by(user))


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

    objects = OutcomeQuerySet.as_manager()

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


def sum_of(criteria: list[dict[str, Any]]) -> Decimal:
    """The weighted total of criteria as a revision stores them."""
    return total_score((Decimal(item["points"]), Decimal(item["weight"])) for item in criteria)


class OutcomeRevision(models.Model):
    """One step in an outcome's history: who or what decided, and why. Never changed or removed.

    Attributes:
        criteria: a list of results in the shape of :class:`grading.engine.types.CriterionResult`,
            points as decimal texts, and `evidence` as `{quote, start, end}`.
        feedback: HTML with the tags of the API contract only.
        confidence: of the machine, 0 to 100; a person's decision keeps that of what it replaces,
            and has None where no machine graded before.
        score: the weighted sum over the criteria, unless a person set another total.
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
    def is_by_machine(self) -> bool:
        return not self.is_by_person

    @property
    def is_total_set_by_hand(self) -> bool:
        """Whether a person gave another total than the sum over the criteria."""
        return self.is_by_person and self.score != sum_of(self.criteria)

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
