"""Waking the worker, and the schedule that makes up for lost wake-ups."""

import pytest
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule

from grading import queue
from grading.tasks import drain_queue

pytestmark = pytest.mark.django_db


def test_wake_up_calls_the_drain():
    queue.wake_worker()
    assert import_string(OrmQ.objects.get().func()) is drain_queue


def test_schedule_calls_the_drain_every_minute():
    queue.ensure_schedule()
    schedule = Schedule.objects.get()
    assert import_string(schedule.func) is drain_queue
    assert (schedule.schedule_type, schedule.minutes, schedule.repeats) == (Schedule.MINUTES, 1, -1)


def test_schedule_stays_one_and_is_put_right():
    queue.ensure_schedule()
    Schedule.objects.update(func="gone", minutes=60)
    queue.ensure_schedule()
    assert Schedule.objects.get(func=queue.DRAIN, minutes=1)
