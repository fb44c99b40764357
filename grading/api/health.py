"""Whether the server lives, and whether what it needs is there."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db import Error
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.views import PublicView
from grading.api.serializers.examples import example
from grading.services.claims import oldest_due
from grading.services.workers import last_heartbeat

READINESS = ["ok", "degraded", "unavailable"]
WORKER_LOST_AFTER = timedelta(minutes=1)
QUEUE_LATE_AFTER = timedelta(minutes=5)


@example("Alive", {"status": "ok"})
class HealthSerializer(serializers.Serializer):
    """The server answers."""

    status = serializers.CharField()


@example(
    "Ready",
    {"status": "ok", "database": "ok", "queue_age_seconds": 0.0, "worker_seen_seconds_ago": 4.2},
)
class ReadySerializer(serializers.Serializer):
    """`degraded`: answers are taken, but grading is late or nobody grades."""

    status = serializers.ChoiceField(READINESS)
    database = serializers.ChoiceField(["ok", "unavailable"])
    queue_age_seconds = serializers.FloatField(
        allow_null=True, help_text="How long the oldest run that is due has waited; 0 for none."
    )
    worker_seen_seconds_ago = serializers.FloatField(
        allow_null=True, help_text="Since the last sign of life of a worker; null for none."
    )


READY = {
    200: ReadySerializer,
    503: OpenApiResponse(ReadySerializer, description="The database cannot be reached."),
}


class Unmetered(PublicView):
    """For monitors, which ask often."""

    def check_throttles(self, request: Request) -> None:
        pass


class Health(Unmetered):
    @extend_schema(responses=HealthSerializer, auth=[], tags=["health"])
    def get(self, request: Request) -> Response:
        """Is the server alive"""
        return Response({"status": "ok"})


class Ready(Unmetered):
    @extend_schema(responses=READY, auth=[], tags=["health"])
    def get(self, request: Request) -> Response:
        """Is the server ready

        503 where the database cannot be reached. `degraded` is worth an alarm, and no reason to
        send nobody here: what is handed in is kept and graded later.
        """
        report = readiness()
        is_available = report["database"] == "ok"
        return Response(
            report, status=HTTPStatus.OK if is_available else HTTPStatus.SERVICE_UNAVAILABLE
        )


def readiness() -> dict[str, Any]:
    """The fields of :class:`ReadySerializer`."""
    try:
        queue_age, worker_age = _age(oldest_due()), _age(last_heartbeat())
    except Error:
        return {
            "status": "unavailable",
            "database": "unavailable",
            "queue_age_seconds": None,
            "worker_seen_seconds_ago": None,
        }
    is_late = queue_age is not None and queue_age > QUEUE_LATE_AFTER.total_seconds()
    is_lost = worker_age is None or worker_age > WORKER_LOST_AFTER.total_seconds()
    return {
        "status": "degraded" if is_late or is_lost else "ok",
        "database": "ok",
        "queue_age_seconds": queue_age or 0.0,
        "worker_seen_seconds_ago": worker_age,
    }


def _age(moment: datetime | None) -> float | None:
    return (timezone.now() - moment).total_seconds() if moment else None
