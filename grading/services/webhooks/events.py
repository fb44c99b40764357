"""What happens, and who is told of it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from grading.enums import WebhookEvent
from grading.models import Outcome, Submission, Webhook, WebhookDelivery


def announce(event: WebhookEvent, submission: Submission, outcome: Outcome | None = None) -> None:
    """Queue a message to every webhook of the component that wants to know.

    Call it last in the transaction of the change: nothing is told that did not happen. Answers
    that are imported are not announced, because whoever imports thousands knows of them; their
    outcomes are.
    """
    # Locked, so that none is removed before this commits: its messages would refer to nothing.
    webhooks = (
        Webhook.objects.select_for_update(of=("self",), no_key=True)
        .filter(component=submission.entry.component_id, is_active=True)
        .order_by("pk")
    )
    listeners = [webhook for webhook in webhooks if webhook.wants(event)]
    if not listeners:
        return
    now = timezone.now()
    payload = _payload(event, submission, outcome)
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(webhook=webhook, event=event, payload=payload, due_at=now, created_at=now)
        for webhook in listeners
    )


def _payload(
    event: WebhookEvent, submission: Submission, outcome: Outcome | None
) -> dict[str, Any]:
    """What is told: ids, numbers and times. No name, no answer and no feedback leave the house."""
    payload: dict[str, Any] = {
        "event": event.value,
        "flex_age_comp_id": str(submission.entry.component_id),
        "entry_id": str(submission.entry_id),
        "submission_id": str(submission.pk),
        "student_user_id": str(submission.student_id),
        "attempt": submission.attempt,
        "submitted_at": submission.submitted_at.isoformat(),
    }
    if outcome is not None:
        revision = outcome.current
        payload |= {
            "outcome_id": str(outcome.pk),
            "score": float(revision.score),
            "max_score": float(revision.max_score),
            "is_llm_generated": revision.is_by_machine,
            "needs_review": outcome.needs_review,
            "generated_at": revision.created_at.isoformat(),
        }
    return payload
