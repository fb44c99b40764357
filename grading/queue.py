"""The only module that knows django-q2: it wakes the worker and keeps the schedule.

What has to be done is in the rows of GradingRun; a lost wake-up costs time, never work.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType
from typing import NoReturn

from django.db import connections
from django.utils import timezone
from django_q.cluster import Cluster
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule
from django_q.signals import post_spawn
from django_q.tasks import async_task

logger = logging.getLogger(__name__)

DRAIN = "grading.tasks.drain_queue"
LOOK_SECONDS = 15.0
SCHEDULE = {
    "sweep the queue": {"func": DRAIN, "schedule_type": Schedule.MINUTES, "minutes": 1},
    "tidy up": {"func": "grading.tasks.tidy_up", "schedule_type": Schedule.HOURLY},
}
"""Name and plan of what is done by itself."""


def wake_worker() -> None:
    """Have a worker look at the queue now. Call it once what it is to see is committed.

    A wake-up that nobody has taken yet does for all: whoever takes it sees what is there by then.
    """
    if not OrmQ.objects.filter(key=Conf.PREFIX, lock__lte=timezone.now()).exists():
        async_task(DRAIN)


def ensure_schedule() -> None:
    """Have a worker look at the queue every minute as well, for what a lost wake-up left behind."""
    # Not `update_or_create`: two workers that start at once may both make it, which does no harm.
    for name, plan in SCHEDULE.items():
        if not Schedule.objects.filter(name=name).update(**plan):
            Schedule.objects.create(name=name, **plan)


def run_cluster(
    *,
    on_stop: Callable[[], None],
    is_stuck: Callable[[], bool],
    on_look: Callable[[], None],
    beside: AbstractContextManager[object],
) -> None:
    """Run a django-q2 cluster in this process until SIGTERM or SIGINT.

    An idle process of a cluster that is killed takes the lock of the cluster's queue with it, and
    nothing moves any more. A cluster that is stuck is ended, for whoever started it to start anew.

    Args:
        on_stop: called first when the cluster is to stop, so that a running task ends soon.
        is_stuck: asked now and then whether work is left lying.
        on_look: called each time that it is not so.
        beside: entered in this process once the cluster runs, and left when it has ended. It may
            start threads: the cluster has forked by then, and what forks later is not this process.

    Raises:
        SystemExit: the cluster was stuck, and is ended.
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
    with beside:
        next_look = time.monotonic() + LOOK_SECONDS
        while cluster.sentinel.is_alive():
            time.sleep(0.2)
            if time.monotonic() > next_look:
                next_look = time.monotonic() + LOOK_SECONDS
                if is_stuck():
                    _end(cluster)
                on_look()
                connections.close_all()


def _end(cluster: Cluster) -> NoReturn:
    logger.critical("The cluster is stuck; ending it.")
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)  # all its processes, and this one
    cluster.sentinel.kill()
    sys.exit(1)


def _look_at_the_queue(**_kwargs: object) -> None:
    """A process that is new begins with what it, or the one it replaces, left behind."""
    wake_worker()
