"""The only module that knows django-q2: it wakes the worker and keeps the schedule.

What has to be done is in the rows of GradingRun; a lost wake-up costs time, never work.
"""

import signal
import time
from collections.abc import Callable
from types import FrameType

from django.db import connections
from django_q.cluster import Cluster
from django_q.models import Schedule
from django_q.signals import post_spawn
from django_q.tasks import async_task

DRAIN = "grading.tasks.drain_queue"
SWEEP = "sweep the queue"


def wake_worker() -> None:
    """Have a worker look at the queue now."""
    async_task(DRAIN)


def ensure_schedule() -> None:
    """Have a worker look at the queue every minute as well, for what a lost wake-up left behind."""
    Schedule.objects.update_or_create(
        name=SWEEP, defaults={"func": DRAIN, "schedule_type": Schedule.MINUTES, "minutes": 1}
    )


def run_cluster(*, on_stop: Callable[[], None]) -> None:
    """Run a django-q2 cluster in this process until SIGTERM or SIGINT; call `on_stop` first then.

    `on_stop` lets a task that is running end soon: the cluster waits for it.
    """
    cluster = Cluster()

    def stop(signum: int, frame: FrameType | None) -> None:
        on_stop()
        cluster.sig_handler(signum, frame)

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)
    post_spawn.connect(_look_at_the_queue)
    connections.close_all()  # the cluster forks; no two processes may share a connection
    cluster.start()
    while cluster.sentinel.is_alive():
        time.sleep(0.2)


def _look_at_the_queue(**_kwargs: object) -> None:
    """A process that is new begins with what it, or the one it replaces, left behind."""
    wake_worker()
