"""Webhooks: registered by people, told of what happens, delivered by the worker."""

from grading.services.webhooks.addresses import checked_url
from grading.services.webhooks.deliveries import (
    MAX_ANSWER,
    MAX_ATTEMPTS,
    WAITS,
    claim_deliveries,
    prune_deliveries,
    record_answer,
    record_delivery_failure,
    wait_after,
)
from grading.services.webhooks.events import announce
from grading.services.webhooks.registration import (
    checked_events,
    checked_secret,
    register_webhook,
    remove_webhook,
    resend_delivery,
    update_webhook,
)

__all__ = [
    "MAX_ANSWER",
    "MAX_ATTEMPTS",
    "WAITS",
    "announce",
    "checked_events",
    "checked_secret",
    "checked_url",
    "claim_deliveries",
    "prune_deliveries",
    "record_answer",
    "record_delivery_failure",
    "register_webhook",
    "remove_webhook",
    "resend_delivery",
    "update_webhook",
    "wait_after",
]
