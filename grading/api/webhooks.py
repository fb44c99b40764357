"""Webhooks: who is told of what, what was sent, and sending it again."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.fields import Flag, Id, Moment, OptionalText, Text
from accounts.api.filters import MomentFilter, Ordering
from accounts.api.rows import OneRow, RowSerializer
from accounts.api.schema import IF_MATCH, NAMED_IS_MISSING, ErrorSerializer
from components.api.serializers import COMPONENT_ID
from components.api.views import ConfigureList, ConfigureView
from grading.enums import DeliveryState, WebhookEvent
from grading.models import Webhook, WebhookDelivery
from grading.models.webhooks import MIN_SECRET
from grading.services.webhooks import (
    register_webhook,
    remove_webhook,
    resend_delivery,
    update_webhook,
)

WEBHOOK_ID = "f0f2c1a4-6c41-4a0c-8a4c-3f1d2b7c9e55"
WEBHOOK = {
    "flex_age_comp_id": COMPONENT_ID,
    "url": "https://lms.example.org/hooks/flexage",
    "events": ["outcome.available", "outcome.overridden"],
    "is_active": True,
}
SHOWN_WEBHOOK = {
    "webhook_id": WEBHOOK_ID,
    **WEBHOOK,
    "created_at": "2026-09-01T08:00:00Z",
    "updated_at": "2026-09-01T08:00:00Z",
}


@extend_schema_serializer(
    examples=[
        OpenApiExample("A webhook", value=WEBHOOK, request_only=True),
        OpenApiExample(
            "A webhook",
            value=SHOWN_WEBHOOK,
            response_only=True,
        ),
    ]
)
class WebhookSerializer(RowSerializer):
    """An address that is told what happens in a component."""

    webhook_id = Id(source="pk", read_only=True)
    flex_age_comp_id = Id(source="component_id")
    url = Text(
        max_length=2000,
        pattern=r"^https?://[^\s@#\\]+$",
        help_text="http or https, at a public address.",
    )
    events = serializers.ListField(
        child=serializers.ChoiceField(WebhookEvent.choices),
        allow_empty=False,
        min_length=1,
        max_length=10,
    )
    is_active = Flag(default=True)
    secret: serializers.Field = OptionalText(
        write_only=True,
        max_length=200,
        pattern=rf"^.{{{MIN_SECRET},}}$",
        help_text=(
            f"Signs each message; at least {MIN_SECRET} characters. Left empty, a new webhook gets "
            "a random one, and an old one keeps its own."
        ),
    )
    created_at = Moment(read_only=True)
    updated_at = Moment(read_only=True)

    def validate_flex_age_comp_id(self, value: Any) -> Any:
        if isinstance(self.instance, Webhook) and value != self.instance.component_id:
            raise serializers.ValidationError("A webhook stays in its component.")
        return value

    def create(self, validated_data: dict[str, Any]) -> Webhook:
        validated_data.pop("component_id")
        return register_webhook(**validated_data)

    def update(self, instance: Webhook, validated_data: dict[str, Any]) -> Webhook:
        validated_data.pop("component_id", None)
        if not validated_data.get("secret"):
            validated_data.pop("secret", None)  # an empty field of a form changes nothing
        return update_webhook(instance, **validated_data)


WEBHOOK_ROW = OneRow(WebhookSerializer, Webhook.objects.managed_by)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A webhook", value={**SHOWN_WEBHOOK, "secret": "kept-by-whoever-reads-this-once"}
        )
    ]
)
class WebhookWithSecretSerializer(WebhookSerializer):
    """A new webhook, with the secret that signs its messages: keep it, it is not shown again."""

    secret = serializers.CharField(read_only=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Delivered",
            value={
                "delivery_id": "9b6c7c1a-1c0b-4a63-9a0e-8a6b9d6c2f11",
                "webhook_id": WEBHOOK_ID,
                "event": "outcome.available",
                "payload": {"event": "outcome.available", "score": 10.0, "max_score": 15.0},
                "state": "delivered",
                "attempts": 1,
                "due_at": "2026-09-03T10:15:20Z",
                "last_attempt_at": "2026-09-03T10:15:21Z",
                "last_status": 200,
                "last_answer": "ok",
                "last_error": "",
                "created_at": "2026-09-03T10:15:20Z",
                "finished_at": "2026-09-03T10:15:21Z",
            },
        )
    ]
)
class DeliverySerializer(RowSerializer):
    """One message, and how its delivery went."""

    delivery_id = Id(source="pk", read_only=True)
    webhook_id = Id(read_only=True)
    event = serializers.ChoiceField(WebhookEvent.choices, read_only=True)
    payload = serializers.DictField(read_only=True)
    state = serializers.ChoiceField(DeliveryState.choices, read_only=True)
    attempts = serializers.IntegerField(read_only=True)
    due_at = Moment(read_only=True, help_text="Not sent before.")
    last_attempt_at = Moment(read_only=True, allow_null=True)
    last_status = serializers.IntegerField(read_only=True, allow_null=True)
    last_answer = serializers.CharField(read_only=True, help_text="How the last answer began.")
    last_error = serializers.CharField(read_only=True, help_text="Why the last attempt failed.")
    created_at = Moment(read_only=True)
    finished_at = Moment(read_only=True, allow_null=True)


class WebhookFilters(django_filters.FilterSet):
    flex_age_comp_id = django_filters.UUIDFilter(field_name="component_id")
    ordering = Ordering(fields=["created_at", "updated_at"])


class DeliveryFilters(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=DeliveryState.choices)
    event = django_filters.ChoiceFilter(choices=WebhookEvent.choices)
    created_since = MomentFilter(field_name="created_at", lookup_expr="gte")
    ordering = Ordering(fields=["created_at"])


class WebhookMixin(ConfigureView):
    def webhook(self, webhook_id: str) -> Webhook:
        """The webhook of this id that the user may manage, or a 404."""
        managed = Webhook.objects.managed_by(self.user).select_related("component")
        return self.found(managed, webhook_id)


class Webhooks(ConfigureList):
    serializer_class = WebhookSerializer
    filterset_class = WebhookFilters
    queryset = Webhook.objects.none()

    @extend_schema(responses=WebhookSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the webhooks of the components that you are in charge of."""
        return self.listed(Webhook.objects.managed_by(self.user))

    @extend_schema(
        request=WebhookSerializer,
        responses={201: WebhookWithSecretSerializer, 404: NAMED_IS_MISSING},
    )
    def post(self, request: Request) -> Response:
        """Have another system told what happens in a component.

        Each message is a POST with JSON. `FlexAGE-Signature` is `v1=` and the hexadecimal
        HMAC-SHA256, with the secret, of `FlexAGE-Timestamp`, a full stop and the body. Answer with
        a 2xx status within ten seconds; 410 switches the webhook off, anything else is tried again,
        for most of a day. A message may arrive twice, with the same `FlexAGE-Delivery`.
        """
        serializer = self.bound()
        component = self.component(str(serializer.validated_data["component_id"]))
        webhook = serializer.save(component=component, by=self.user)
        row = {**self.one(WEBHOOK_ROW, webhook.pk), "secret": webhook.secret}
        return Response(row, status=201)


class WebhookView(WebhookMixin):
    serializer_class = WebhookSerializer

    @extend_schema(responses=WebhookSerializer)
    def get(self, request: Request, webhook_id: str) -> Response:
        """Read a webhook."""
        return Response(self.one(WEBHOOK_ROW, webhook_id))

    @extend_schema(
        request=WebhookSerializer(partial=True),
        responses={
            200: WebhookSerializer,
            409: OpenApiResponse(ErrorSerializer, description="Somebody else was quicker."),
        },
        parameters=[IF_MATCH],
    )
    def put(self, request: Request, webhook_id: str) -> Response:
        """Change a webhook: all of its fields, or some."""
        webhook, row = self.webhook(webhook_id), self.one(WEBHOOK_ROW, webhook_id)
        self.require_match(row)
        # Looking the address up takes a while, so nothing is locked until the service does.
        expected = row["updated_at"] if "If-Match" in request.headers else None
        self.bound(webhook, partial=True).save(expected=expected, by=self.user)
        return Response(self.one(WEBHOOK_ROW, webhook_id))

    @extend_schema(responses={200: WebhookSerializer}, parameters=[IF_MATCH])
    def delete(self, request: Request, webhook_id: str) -> Response:
        """Take a webhook away, with its deliveries. The answer is what was deleted."""
        deleted = self.one(WEBHOOK_ROW, webhook_id)
        self.require_match(deleted)
        remove_webhook(self.webhook(webhook_id), by=self.user)
        return Response(deleted)


class Deliveries(WebhookMixin, ConfigureList):
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilters
    queryset = WebhookDelivery.objects.none()

    @extend_schema(responses=DeliverySerializer(many=True))
    def get(self, request: Request, webhook_id: str) -> Response:
        """List what was sent to a webhook, newest first, for thirty days."""
        return self.listed(self.webhook(webhook_id).deliveries.order_by("-created_at", "pk"))


class Resend(WebhookMixin):
    @extend_schema(
        request=None,
        responses={
            200: DeliverySerializer,
            409: OpenApiResponse(
                ErrorSerializer, description="It is on its way, or the webhook is switched off."
            ),
        },
    )
    def post(self, request: Request, webhook_id: str, delivery_id: str) -> Response:
        """Send a message once more."""
        deliveries = self.webhook(webhook_id).deliveries.select_related("webhook__component")
        delivery = resend_delivery(self.found(deliveries, delivery_id), by=self.user)
        (row,) = DeliverySerializer.rows(WebhookDelivery.objects.filter(pk=delivery.pk))
        return Response(row)
