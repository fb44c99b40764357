"""Submissions, the runs that grade them, their outcomes, and who is told of them."""

from grading.models.outcomes import HumanScore, Outcome, OutcomeRevision
from grading.models.policies import ComponentGrading, DayUsage, EntryGrading, GradingBatch
from grading.models.providers import Limits, ProviderGate, ProviderProfile
from grading.models.reviews import ReviewRequest
from grading.models.runs import GradingRun
from grading.models.submissions import (
    STATUS_FILTERS,
    StudentEntryState,
    Submission,
    SubmissionQuerySet,
)
from grading.models.webhooks import Webhook, WebhookDelivery
from grading.models.workers import WorkerHeartbeat

__all__ = [
    "STATUS_FILTERS",
    "ComponentGrading",
    "DayUsage",
    "EntryGrading",
    "GradingBatch",
    "GradingRun",
    "HumanScore",
    "Limits",
    "Outcome",
    "OutcomeRevision",
    "ProviderGate",
    "ProviderProfile",
    "ReviewRequest",
    "StudentEntryState",
    "Submission",
    "SubmissionQuerySet",
    "Webhook",
    "WebhookDelivery",
    "WorkerHeartbeat",
]
