"""Webhooks: registered by people, told of what happens, delivered by the worker. A row is the job.

Whoever locks a webhook and its deliveries locks the webhook first.
"""

from __future__ import annotations

import random
import secrets
import socket
import uuid
from collections.abc import Iterable
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from requests_hardened.ip_filter import (  # type: ignore[import-untyped]
    InvalidIPAddress,
    filter_host,
)

from accounts.errors import ConflictError, DomainError, ForbiddenError, MissingError
from accounts.models import User
from accounts.text import UNSTORABLE, storable_text
from components.models import Component
from components.rules import can_manage
from grading.enums import DeliveryState, WebhookEvent
from grading.models import Outcome, Submission, Webhook, WebhookDelivery
from grading.models.webhooks import MIN_SECRET, WebhookDeliveryQuerySet

MAX_URL = Webhook._meta.get_field("url").max_length or 0
MAX_SECRET = Webhook._meta.get_field("secret").max_length or 0
MAX_ANSWER = 1000
WAITS = (10, 60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 12 * 3600)
"""Seconds to wait after each failed attempt; one more attempt, and it is given up."""
MAX_ATTEMPTS = len(WAITS) + 1
LEASE = timedelta(minutes=2)
"""Longer than an attempt can take, a slow look-up of the name included."""
KEPT = timedelta(days=30)
CLAIMED_FIELDS = ["state", "claim", "lease_expires_at", "attempts", "last_attempt_at"]


# --- by people -----------------------------------------------------------------
def register_webhook(
    component: Component, *, url: str, events: Iterable[str], secret: str = "", by: User
) -> Webhook:
    """Have another system told what happens in a component.

    Args:
        events: values of :class:`WebhookEvent`.
        secret: signs every message; empty for a random one.

    Raises:
        DomainError: `forbidden`, `bad_url`, `private_address`, `bad_events` or `bad_secret`.
    """
    _require_manager(by, component)
    # No transaction: looking up the name may take a while, and there is one write only.
    return Webhook.objects.create(
        component=component,
        url=checked_url(url),
        events=checked_events(events),
        secret=checked_secret(secret),
        created_by=by,
    )


def update_webhook(
    webhook: Webhook,
    *,
    url: str | None = None,
    events: Iterable[str] | None = None,
    secret: str | None = None,
    is_active: bool | None = None,
    by: User,
) -> Webhook:
    """Change what is given; an empty secret is replaced by a random one.

    What waits to be sent goes to the new address, with the new secret. Switching the webhook off
    gives up what waits.

    Raises:
        DomainError: `forbidden`, `bad_url`, `private_address`, `bad_events`, `bad_secret` or
            `webhook_missing`.
    """
    _require_manager(by, webhook.component)
    changes: dict[str, Any] = {}
    if url is not None:
        changes["url"] = checked_url(url)
    if events is not None:
        changes["events"] = checked_events(events)
    if secret is not None:
        changes["secret"] = checked_secret(secret)
    if is_active is not None:
        changes["is_active"] = is_active
    with transaction.atomic():
        locked = _lock_webhook(webhook)
        if locked is None:
            raise MissingError("webhook_missing", _("This webhook was removed."))
        for name, value in changes.items():
            setattr(locked, name, value)
        locked.save(update_fields=[*changes, "updated_at"])
        if not locked.is_active:
            _give_up_waiting(locked)
    return locked


@transaction.atomic
def remove_webhook(webhook: Webhook, *, by: User) -> None:
    """Take a webhook away, with what was and what is still to be delivered to it.

    Raises:
        DomainError: `forbidden`.
    """
    _require_manager(by, webhook.component)
    _lock_webhook(webhook)
    webhook.delete()


@transaction.atomic
def resend_delivery(delivery: WebhookDelivery, *, by: User) -> WebhookDelivery:
    """Send once more what was delivered or given up, with all its attempts before it.

    Raises:
        DomainError: `forbidden`, `delivery_missing`, `still_queued` or `webhook_inactive`.
    """
    _require_manager(by, delivery.webhook.component)
    held = _locked_deliveries().filter(pk=delivery.pk).first()
    if held is None:
        raise MissingError("delivery_missing", _("This message was deleted."))
    if held.is_active:
        raise ConflictError("still_queued", _("This message is still on its way."))
    if not held.webhook.is_active:
        raise ConflictError("webhook_inactive", _("Switch the webhook on first."))
    held.state = DeliveryState.QUEUED
    held.attempts = 0
    held.due_at = timezone.now()
    held.finished_at = None
    held.save()
    return held


def checked_url(url: str) -> str:
    """The address, if messages may be sent there.

    A name that cannot be found right now is accepted: where it leads is looked at again whenever
    something is sent.

    Raises:
        DomainError: `bad_url` or `private_address`.
    """
    try:
        host, port = _host_and_port(url)
        if not settings.WEBHOOK_PRIVATE_ADDRESSES:
            _check_public(host, port)
    except InvalidIPAddress:
        message = _("Messages are not sent to private addresses. Give a public one.")
        raise DomainError("private_address", message, field="url") from None
    except (ValueError, requests.RequestException):
        message = _(
            "Give an address that begins with http:// or https:// and a host, without user, "
            "password, spaces or #, of at most %d characters."
        )
        raise DomainError("bad_url", message % MAX_URL, field="url") from None
    return url


def checked_events(events: Iterable[str]) -> list[str]:
    """The events sorted, each once.

    Raises:
        DomainError: `bad_events`.
    """
    chosen = sorted({str(event) for event in events})
    if not chosen or not set(chosen) <= set(WebhookEvent.values):
        message = _("Choose at least one of these events: %s.") % ", ".join(WebhookEvent.values)
        raise DomainError("bad_events", message, field="events")
    return chosen


def checked_secret(secret: str) -> str:
    """The secret; a random one for an empty one.

    Raises:
        DomainError: `bad_secret`.
    """
    secret = secret or secrets.token_urlsafe(32)
    if not MIN_SECRET <= len(secret) <= MAX_SECRET or UNSTORABLE.search(secret):
        message = _("A secret has %(least)d to %(most)d characters, and none of them is NUL.")
        limits = {"least": MIN_SECRET, "most": MAX_SECRET}
        raise DomainError("bad_secret", message % limits, field="secret")
    return secret


# --- what happens --------------------------------------------------------------
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


# --- the queue -----------------------------------------------------------------
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
        due = due.order_by("due_at", "created_at")
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
        _lock_webhook(delivery.webhook)
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
        _give_up_waiting(held.webhook)
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


def _give_up_waiting(webhook: Webhook) -> None:
    webhook.deliveries.filter(state=DeliveryState.QUEUED).update(
        state=DeliveryState.FAILED, last_error=_switched_off(), finished_at=timezone.now()
    )


def _switched_off() -> str:
    return _("The webhook was switched off.")


def _lock_webhook(webhook: Webhook) -> Webhook | None:
    return Webhook.objects.select_for_update(of=("self",)).filter(pk=webhook.pk).first()


def _locked_deliveries() -> WebhookDeliveryQuerySet:
    return WebhookDelivery.objects.select_for_update(of=("self",)).select_related("webhook")


def _lock_claimed(delivery: WebhookDelivery) -> WebhookDelivery | None:
    """The delivery's row, locked, while its claim is still the one that `delivery` holds."""
    return (
        _locked_deliveries()
        .filter(pk=delivery.pk, claim=delivery.claim, state=DeliveryState.SENDING)
        .first()
    )


def _require_manager(user: User, component: Component) -> None:
    if not can_manage(user, component):
        raise ForbiddenError("forbidden", _("You are not in charge of this component."))


# --- addresses -----------------------------------------------------------------
def _host_and_port(url: str) -> tuple[str, int | None]:
    """Where a request to `url` would go, in the words of the library that sends it.

    Raises:
        ValueError, requests.RequestException: it cannot be an address of a webhook.
    """
    if len(url) > MAX_URL or not url.isprintable() or set(url) & set(" \\#"):
        raise ValueError("too long, or a character that has no place in it")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or parts.port == 0:
        raise ValueError("another protocol, a user in it, or no port to connect to")
    sent_to = urlsplit(requests.Request("POST", url).prepare().url or "")
    host = sent_to.hostname or ""
    if not host or "%" in host:
        raise ValueError("no host to connect to")
    host.encode("idna")
    return host, sent_to.port


def _check_public(host: str, port: int | None) -> None:
    """Look at every address that a host has now.

    Raises:
        InvalidIPAddress: one of them is private.
        UnicodeError: the host cannot be a name.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return
    for *_kind, address in found:
        filter_host(str(address[0]), port, allow_loopback=False)
