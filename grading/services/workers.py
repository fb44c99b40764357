"""Workers say that they live."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from datetime import datetime, timedelta

from django.db import Error, transaction
from django.db.models import Max
from django.utils import timezone

from grading.models import WorkerHeartbeat

logger = logging.getLogger(__name__)

MAX_HOST = WorkerHeartbeat._meta.get_field("host").max_length
FORGOTTEN_AFTER = timedelta(days=1)


def beat(worker_id: uuid.UUID) -> None:
    """Note that this process, a worker, lives; forget workers that were lost long ago.

    A database in trouble ends no worker: it is noted the next time.
    """
    try:
        _note(worker_id)
    except Error as error:
        logger.warning("The heartbeat was not noted: %s", error)


def end_heartbeat(worker_id: uuid.UUID) -> None:
    """Note that this worker stops as it should."""
    try:
        WorkerHeartbeat.objects.filter(pk=worker_id).delete()
    except Error as error:
        logger.warning("The end of the heartbeat was not noted: %s", error)


def last_heartbeat() -> datetime | None:
    """When a worker was seen last, or None where none was."""
    return WorkerHeartbeat.objects.aggregate(last=Max("seen_at"))["last"]


@transaction.atomic
def _note(worker_id: uuid.UUID) -> None:
    now = timezone.now()
    if not WorkerHeartbeat.objects.filter(pk=worker_id).update(seen_at=now):
        host = socket.gethostname()[:MAX_HOST]
        WorkerHeartbeat.objects.create(
            pk=worker_id, host=host, pid=os.getpid(), started_at=now, seen_at=now
        )
    WorkerHeartbeat.objects.filter(seen_at__lt=now - FORGOTTEN_AFTER).delete()
