"""The queue of messages: claimed, answered, put back, given up. A row is the job.

Whoever locks a webhook and its deliveries locks the webhook first.
"""

from __future__ import annotations

import random
import uuid
from datetime import timedelta
from http import HTTPStatus

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.text import storable_text
from grading.enums import DeliveryState
from grading.models import Webhook, WebhookDelivery
from grading.models.webhooks import WebhookDeliveryQuerySet

MAX_ANSWER = 1000
WAITS = (10, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 12 * 3600)
"""Seconds to wait after each failed attempt; one more attempt, and it is given up."""
MAX_ATTEMPTS = len(WAITS) + 1
LEASE = timedelta(minutes=2)
"""Longer than an attempt can take, a slow look-up of the name included."""
KEPT = timedelta(days=30)
CLAIMED_FIELDS = ["state", "claim", "lease_expires_at", "attempts", "last_attempt_at"]


def claim_deliveries(limit: int) -> list[WebhookDelivery]:
    """Take up to `limit` deliveries that are due, at most one of each webhook, with its webhook.

    Each gets a claim of its own; another sender can take it only after the lease ran out. What
    has no attempt left, or no webhook that is switched on, is given up instead.
    """
    now = timezone.now()
    if limit < 1 or not WebhookDelivery.objects.claimable(now).exists():
        return []  # spares an idle database the write lock
    with transaction.atomic():
        due = WebhookDelivery.objects.next_of_each_webhook(now).select_related("webhook")
        # Whoever was served longest ago comes first: slow receivers do not starve the others.
        due = due.with_last_served().order_by(F("served_at").asc(nulls_first=True), "due_at")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, of=("self",))
        claimed = [delivery for delivery in due[:limit] if not _end_if_hopeless(delivery)]
        for delivery in claimed:
            delivery.state = DeliveryState.SENDING
            delivery.claim = uuid.uuid4()
            delivery.lease_expires_at = now + LEASE
            delivery.attempts += 1
            delivery.last_attempt_at = now
        WebhookDelivery.objects.bulk_update(claimed, CLAIMED_FIELDS)
    return claimed


@transaction.atomic
def record_answer(delivery: WebhookDelivery, status: int, answer: str) -> WebhookDelivery | None:
    """End a delivery that was accepted (2xx); put any other back for later, or give it up.

    410 says that nobody will ever listen there again: the webhook is switched off.

    Returns:
        The delivery, or None where the claim was lost meanwhile and nothing changed.
    """
    is_gone = status == HTTPStatus.GONE
    if is_gone:
        lock_webhook(delivery.webhook)
    held = _lock_claimed(delivery)
    if held is None:
        return None
    held.last_status = status
    held.last_answer = storable_text(answer)[:MAX_ANSWER]
    held.last_error = _error_of(status)
    if not held.last_error:
        _release_claim(held, DeliveryState.DELIVERED)
    elif is_gone:
        _release_claim(held, DeliveryState.FAILED)
        Webhook.objects.filter(pk=held.webhook_id).update(
            is_active=False, updated_at=timezone.now()
        )
        give_up_waiting(held.webhook)
    else:
        _put_back(held)
    held.save()
    return held


@transaction.atomic
def record_delivery_failure(delivery: WebhookDelivery, error: str) -> WebhookDelivery | None:
    """Put a delivery that got no answer back for later, or give it up after its last attempt.

    Args:
        error: why, in a sentence.

    Returns:
        The delivery, or None where the claim was lost meanwhile and nothing changed.
    """
    held = _lock_claimed(delivery)
    if held is None:
        return None
    held.last_status = None
    held.last_answer = ""
    held.last_error = storable_text(error)[:MAX_ANSWER]
    _put_back(held)
    held.save()
    return held


def prune_deliveries() -> int:
    """Delete what ended 30 days ago; how many there were."""
    ended = WebhookDelivery.objects.filter(finished_at__lt=timezone.now() - KEPT)
    count, _by_model = ended.delete()
    return count


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts, give or take a fifth.

    A receiver that comes back is not asked by all that waited at the same moment.
    """
    return timedelta(seconds=WAITS[attempts - 1] * random.uniform(0.8, 1.2))  # noqa: S311


def _error_of(status: int) -> str:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return ""
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return _("The receiver redirected; give its final address.")
    if status == HTTPStatus.GONE:
        return _("The receiver is gone for good; the webhook was switched off.")
    return _("The receiver answered with status %d.") % status


def _put_back(held: WebhookDelivery) -> None:
    if held.attempts >= MAX_ATTEMPTS:
        _release_claim(held, DeliveryState.FAILED)
        return
    _release_claim(held, DeliveryState.QUEUED)
    held.due_at = timezone.now() + wait_after(held.attempts)


def _release_claim(held: WebhookDelivery, state: DeliveryState) -> None:
    held.state = state
    held.claim = None
    held.lease_expires_at = None
    if not held.is_active:
        held.finished_at = timezone.now()


def _end_if_hopeless(delivery: WebhookDelivery) -> bool:
    if not delivery.webhook.is_active:
        delivery.last_error = _switched_off()
    elif delivery.attempts >= MAX_ATTEMPTS:
        delivery.last_error = _("FlexAGE was interrupted while sending.")
    else:
        return False
    _release_claim(delivery, DeliveryState.FAILED)
    delivery.save()
    return True


def give_up_waiting(webhook: Webhook) -> None:
    webhook.deliveries.filter(state=DeliveryState.QUEUED).update(
        state=DeliveryState.FAILED, last_error=_switched_off(), finished_at=timezone.now()
    )


def _switched_off() -> str:
    return _("The webhook was switched off.")


def lock_webhook(webhook: Webhook) -> Webhook | None:
    return Webhook.objects.select_for_update(of=("self",)).filter(pk=webhook.pk).first()


def locked_deliveries() -> WebhookDeliveryQuerySet:
    return WebhookDelivery.objects.select_for_update(of=("self",)).select_related("webhook")


def _lock_claimed(delivery: WebhookDelivery) -> WebhookDelivery | None:
    """The delivery's row, locked, while its claim is still the one that `delivery` holds."""
    return (
        locked_deliveries()
        .filter(pk=delivery.pk, claim=delivery.claim, state=DeliveryState.SENDING)
        .first()
    )
