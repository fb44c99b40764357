"""Workers' signs of life."""

import os
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from grading.models import WorkerHeartbeat
from grading.services.workers import beat, end_heartbeat, last_heartbeat

pytestmark = pytest.mark.django_db
ONE, OTHER = uuid.uuid4(), uuid.uuid4()


def seen(worker_id, **span):
    """Have a worker's last sign of life be so long ago."""
    at = timezone.now() - timedelta(**span)
    WorkerHeartbeat.objects.filter(pk=worker_id).update(seen_at=at)
    return at


def test_first_heartbeat_notes_the_process():
    assert last_heartbeat() is None
    beat(ONE)
    heartbeat = WorkerHeartbeat.objects.get()
    assert (heartbeat.pk, heartbeat.pid) == (ONE, os.getpid())
    assert heartbeat.started_at == heartbeat.seen_at == last_heartbeat()
    assert heartbeat.host


def test_next_heartbeat_moves_the_time_only():
    beat(ONE)
    before = seen(ONE, minutes=1)
    beat(ONE)
    heartbeat = WorkerHeartbeat.objects.get()
    assert heartbeat.seen_at > heartbeat.started_at > before


def test_last_heartbeat_is_that_of_any_worker():
    beat(ONE)
    beat(OTHER)
    seen(ONE, hours=1)
    assert last_heartbeat() == WorkerHeartbeat.objects.get(pk=OTHER).seen_at


def test_worker_that_stops_takes_its_heartbeat_along():
    beat(ONE)
    beat(OTHER)
    end_heartbeat(ONE)
    assert WorkerHeartbeat.objects.get().pk == OTHER


def test_worker_not_seen_for_a_day_is_forgotten():
    beat(ONE)
    beat(OTHER)
    seen(ONE, hours=23)
    beat(OTHER)
    assert WorkerHeartbeat.objects.count() == 2
    seen(ONE, hours=25)
    beat(OTHER)
    assert WorkerHeartbeat.objects.get().pk == OTHER
