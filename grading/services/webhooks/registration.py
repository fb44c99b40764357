"""What people do with webhooks."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ConflictError, DomainError, MissingError
from accounts.models import User
from accounts.text import UNSTORABLE
from components.models import Component
from components.services import require_manager
from grading.enums import DeliveryState, WebhookEvent
from grading.models import Webhook, WebhookDelivery
from grading.models.webhooks import MIN_SECRET
from grading.services.webhooks.addresses import checked_url
from grading.services.webhooks.deliveries import give_up_waiting, lock_webhook, locked_deliveries

MAX_SECRET = Webhook._meta.get_field("secret").max_length or 0


def register_webhook(
    component: Component,
    *,
    url: str,
    events: Iterable[str],
    secret: str = "",
    is_active: bool = True,
    by: User,
) -> Webhook:
    """Have another system told what happens in a component.

    Args:
        events: values of :class:`WebhookEvent`.
        secret: signs every message; empty for a random one.

    Raises:
        DomainError: `forbidden`, `bad_url`, `private_address`, `bad_events` or `bad_secret`.
    """
    require_manager(by, component)
    # No transaction: looking up the name may take a while, and there is one write only.
    return Webhook.objects.create(
        component=component,
        url=checked_url(url),
        events=checked_events(events),
        secret=checked_secret(secret),
        is_active=is_active,
        created_by=by,
    )


def update_webhook(
    webhook: Webhook,
    *,
    url: str | None = None,
    events: Iterable[str] | None = None,
    secret: str | None = None,
    is_active: bool | None = None,
    expected: datetime | None = None,
    by: User,
) -> Webhook:
    """Change what is given; an empty secret is replaced by a random one.

    What waits to be sent goes to the new address, with the new secret. Switching the webhook off
    gives up what waits.

    Args:
        expected: the webhook's `updated_at` that the change started from; None to change whatever
            is there.

    Raises:
        DomainError: `forbidden`, `bad_url`, `private_address`, `bad_events`, `bad_secret` or
            `webhook_missing`, `stale_webhook`.
    """
    require_manager(by, webhook.component)
    checked = {
        "url": None if url is None else checked_url(url),
        "events": None if events is None else checked_events(events),
        "secret": None if secret is None else checked_secret(secret),
        "is_active": is_active,
    }
    changes = {name: value for name, value in checked.items() if value is not None}
    with transaction.atomic():
        locked = lock_webhook(webhook)
        if locked is None:
            raise MissingError("webhook_missing", _("This webhook was removed."))
        if expected is not None and locked.updated_at != expected:
            raise ConflictError("stale_webhook", _("Somebody else changed this webhook meanwhile."))
        for name, value in changes.items():
            setattr(locked, name, value)
        locked.save(update_fields=[*changes, "updated_at"])
        if not locked.is_active:
            give_up_waiting(locked)
    return locked


@transaction.atomic
def remove_webhook(webhook: Webhook, *, by: User) -> None:
    """Take a webhook away, with what was and what is still to be delivered to it.

    Raises:
        DomainError: `forbidden`.
    """
    require_manager(by, webhook.component)
    lock_webhook(webhook)
    webhook.delete()


@transaction.atomic
def resend_delivery(delivery: WebhookDelivery, *, by: User) -> WebhookDelivery:
    """Send once more what was delivered or given up, with all its attempts before it.

    Raises:
        DomainError: `forbidden`, `delivery_missing`, `still_queued` or `webhook_inactive`.
    """
    require_manager(by, delivery.webhook.component)
    held = locked_deliveries().filter(pk=delivery.pk).first()
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
