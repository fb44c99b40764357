"""The workers that run, as they say themselves."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class WorkerHeartbeat(models.Model):
    """A sign of life of one worker. Its row goes when the worker stops, or a day after the last."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("worker's heartbeat")
        verbose_name_plural = _("workers' heartbeats")

    def __str__(self) -> str:
        return f"{self.host} {self.pid}"
