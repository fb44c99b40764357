"""Waking the worker, and the schedule that makes up for lost wake-ups."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule

from grading import queue
from grading.tasks import drain_queue, tidy_up

pytestmark = pytest.mark.django_db


def test_wake_up_calls_the_drain():
    queue.wake_worker()
    assert import_string(OrmQ.objects.get().func()) is drain_queue


def test_wake_up_that_nobody_took_yet_does_for_all():
    queue.wake_worker()
    queue.wake_worker()
    assert OrmQ.objects.count() == 1


def test_wake_up_that_was_taken_does_not_do_for_what_came_later():
    queue.wake_worker()
    OrmQ.objects.update(lock=timezone.now() + timedelta(hours=1))
    queue.wake_worker()
    assert OrmQ.objects.count() == 2


def test_raw_texts_are_tidied_up_every_hour():
    queue.ensure_schedule()
    schedule = Schedule.objects.exclude(func=queue.DRAIN).get()
    assert (import_string(schedule.func), schedule.schedule_type) == (tidy_up, Schedule.HOURLY)


def test_schedule_calls_the_drain_every_minute():
    queue.ensure_schedule()
    schedule = Schedule.objects.get(func=queue.DRAIN)
    assert import_string(schedule.func) is drain_queue
    assert (schedule.schedule_type, schedule.minutes, schedule.repeats) == (Schedule.MINUTES, 1, -1)


def test_schedule_stays_one_and_is_put_right():
    queue.ensure_schedule()
    Schedule.objects.update(func="gone", minutes=60)
    queue.ensure_schedule()
    assert Schedule.objects.get(func=queue.DRAIN, minutes=1)
