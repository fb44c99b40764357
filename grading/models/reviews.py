"""Students who ask for a person."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from grading.models.submissions import Submission


class ReviewRequest(models.Model):
    """A student asks a person to look at a released outcome again, and reads what they answer.

    Attributes:
        criterion: the rubric's row that it is about; None for the whole outcome.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="review_requests")
    criterion = models.PositiveIntegerField(null=True)
    reason = models.TextField(_("reason"))
    created_at = models.DateTimeField()
    answer = models.TextField(_("answer"), blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at"]
        verbose_name = _("request for review")
        verbose_name_plural = _("requests for review")
        indexes = [
            models.Index(
                fields=["submission"], name="review_asked", condition=Q(answered_at__isnull=True)
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["submission"],
                condition=Q(answered_at__isnull=True, criterion__isnull=True),
                name="review_asked_once",
            ),
            models.UniqueConstraint(
                fields=["submission", "criterion"],
                condition=Q(answered_at__isnull=True, criterion__isnull=False),
                name="review_asked_once_per_criterion",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="review_request_has_reason"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answer="")
                | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="review_answer_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.reason[:40]}"

    @property
    def is_open(self) -> bool:
        return self.answered_at is None
