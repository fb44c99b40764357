"""Other systems that want to be told, and what they are told."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q, Window
from django.db.models.functions import Length, RowNumber
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from components.models import Component
from grading.enums import ACTIVE_DELIVERY_STATES, DeliveryState, WebhookEvent

MIN_SECRET = 16


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def managed_by(self, user: User | AnonymousUser) -> WebhookQuerySet:
        """The webhooks of the components that `user` manages."""
        return self.filter(component__in=Component.objects.managed_by(user))

    def visible_to(self, user: User | AnonymousUser) -> WebhookQuerySet:
        """The same: whoever may read a webhook may change it."""
        return self.managed_by(user)


class Webhook(models.Model):
    """An address of another system, which is told what happens in a component.

    Attributes:
        secret: signs each message; it is stored as it is, because the sender has to sign with it.
        events: sorted values of :class:`WebhookEvent`, each once, at least one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    component = models.ForeignKey(Component, models.CASCADE, related_name="webhooks")
    url = models.CharField(_("address"), max_length=2000)
    secret = models.CharField(_("secret"), max_length=200)
    events = models.JSONField(_("events"))
    is_active = models.BooleanField(_("active"), default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        constraints = [
            models.CheckConstraint(condition=~Q(url=""), name="webhook_has_url"),
            models.CheckConstraint(
                condition=GreaterThanOrEqual(Length("secret"), MIN_SECRET),
                name="webhook_secret_is_long",
            ),
            models.CheckConstraint(condition=~Q(events=[]), name="webhook_has_events"),
        ]

    def __str__(self) -> str:
        return self.url

    def wants(self, event: WebhookEvent) -> bool:
        """Whether it is to be told of this event."""
        return event.value in self.events


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def active(self) -> WebhookDeliveryQuerySet:
        """Deliveries that still have to end."""
        return self.filter(state__in=ACTIVE_DELIVERY_STATES)

    def claimable(self, now: datetime) -> WebhookDeliveryQuerySet:
        """Deliveries that a sender may take: due in the queue, or left behind by a lost sender."""
        return self.filter(
            Q(state=DeliveryState.QUEUED, due_at__lte=now)
            | Q(state=DeliveryState.SENDING, lease_expires_at__lt=now)
        )

    def with_last_served(self) -> WebhookDeliveryQuerySet:
        """Adds `served_at`: when the webhook was sent something last, or None."""
        sent = WebhookDelivery.objects.filter(
            webhook=models.OuterRef("webhook"), last_attempt_at__isnull=False
        ).order_by("-last_attempt_at")
        return self.annotate(served_at=models.Subquery(sent.values("last_attempt_at")[:1]))

    def next_of_each_webhook(self, now: datetime) -> WebhookDeliveryQuerySet:
        """The claimable ones that come next, one for each webhook that is sent nothing now.

        A receiver that is slow or silent holds up its own deliveries, and the others by no more
        than one attempt.
        """
        busy = self.filter(state=DeliveryState.SENDING, lease_expires_at__gte=now)
        place = Window(RowNumber(), partition_by="webhook", order_by=["due_at", "created_at", "pk"])
        ranked = self.claimable(now).annotate(place=place)
        first = ranked.filter(place=1).values("pk")
        # `claimable` once more: a row that another sender took meanwhile is read anew, `first` not.
        return self.claimable(now).filter(pk__in=first).exclude(webhook__in=busy.values("webhook"))


class WebhookDelivery(models.Model):
    """One message to a webhook, until it is delivered or given up. The row is the queue.

    A sender holds a delivery by `claim`, until `lease_expires_at`; what it brings back counts only
    while the claim is still its own.

    Attributes:
        payload: what is told, but for the delivery's own id and time.
        last_answer: the beginning of what the receiver answered last.
        last_error: why the last attempt failed, in a sentence; empty where it did not.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40, choices=WebhookEvent)
    payload = models.JSONField()
    state = models.CharField(max_length=20, choices=DeliveryState, default=DeliveryState.QUEUED)
    attempts = models.PositiveIntegerField(default=0, help_text=_("Counted when one starts."))
    due_at = models.DateTimeField(help_text=_("Not to be sent before."))
    claim = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    last_attempt_at = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_answer = models.TextField(blank=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("delivery to a webhook")
        verbose_name_plural = _("deliveries to webhooks")
        indexes = [
            models.Index(fields=["webhook", "-created_at"]),
            models.Index(
                fields=["due_at"], name="delivery_queued", condition=Q(state=DeliveryState.QUEUED)
            ),
            models.Index(
                fields=["lease_expires_at"],
                name="delivery_leases",
                condition=Q(state=DeliveryState.SENDING),
            ),
            models.Index(
                fields=["finished_at"],
                name="delivery_finished",
                condition=~Q(state__in=ACTIVE_DELIVERY_STATES),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=DeliveryState.values), name="delivery_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(event__in=WebhookEvent.values), name="delivery_event_is_known"
            ),
            models.CheckConstraint(
                condition=Q(
                    state=DeliveryState.SENDING, claim__isnull=False, lease_expires_at__isnull=False
                )
                | (
                    ~Q(state=DeliveryState.SENDING)
                    & Q(claim__isnull=True, lease_expires_at__isnull=True)
                ),
                name="delivery_claimed_while_sending",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ACTIVE_DELIVERY_STATES, finished_at__isnull=True)
                | (~Q(state__in=ACTIVE_DELIVERY_STATES) & Q(finished_at__isnull=False)),
                name="delivery_finished_when_ended",
            ),
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.FAILED) | ~Q(last_error=""),
                name="delivery_failure_has_cause",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event}: {self.state}"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_DELIVERY_STATES
