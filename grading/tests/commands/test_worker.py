"""Real workers as processes of their own: killed, stopped, and writing beside others."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import psutil
import pytest
from django.utils import timezone
from django_q.models import OrmQ

from accounts.tests.factories import UserFactory
from grading.enums import RunState
from grading.models import GradingRun, Outcome, OutcomeRevision, Submission
from grading.services.submissions import submit_answer
from grading.tests.concurrency import database_url, in_threads
from grading.tests.factories import ANSWER, make_submission
from grading.tests.fakes.gemini import FakeGemini

pytestmark = [
    pytest.mark.worker,
    pytest.mark.django_db,
    pytest.mark.usefixtures("shared_database"),
]
ROOT = Path(__file__).parents[3]
PATIENCE = 40.0
"""Seconds to wait for what should take a few."""


class Worker:
    """`manage.py worker` in a session of its own, so that all its processes are one group."""

    def __init__(self, log, environment):
        command = [sys.executable, "manage.py", "worker"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )

    def processes(self):
        """All processes of the group, however they came to be in it."""
        found = []
        for process in psutil.process_iter():
            try:
                is_mine = os.getpgid(process.pid) == self.process.pid
                if is_mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (ProcessLookupError, psutil.NoSuchProcess):
                continue
        return found

    def kill(self):
        """End the whole group at once, as a power cut would."""
        if self.processes():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def talks_to(self, port):
        """The process of the group that has a connection to a port."""
        for process in self.processes():
            if any(c.raddr and c.raddr.port == port for c in process.net_connections("tcp4")):
                return process
        raise AssertionError(f"nobody talks to port {port}")

    def idle_process(self):
        """The one that waits for wake-ups: the cluster's guard starts it first."""
        (guard,) = psutil.Process(self.process.pid).children()
        return min(guard.children(), key=lambda process: process.pid)


@pytest.fixture
def log(tmp_path):
    """What the workers say."""
    return tmp_path / "worker.log"


@pytest.fixture
def start(settings, shared_database, log):
    """Start workers on the database of the test."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "flexage.settings",
        "ENV_FILE": os.devnull,
        "DEBUG": "true",
        "SECRET_KEY": settings.SECRET_KEY,
        "DATABASE_URL": database_url(shared_database),
        "GRADING_LEASE_SECONDS": "2",
        "GRADING_RETRY_SECONDS": "0.2",
        "GRADING_CONCURRENCY": "4",
    }
    workers = []

    def start(fake=None):
        provider = {
            "GRADING_PROVIDER": "gemini" if fake else "simulator",
            "GOOGLE_API_KEY": "a-key",
            "GOOGLE_API_ENDPOINT": fake.url if fake else "",
        }
        workers.append(Worker(output, {**environment, **provider}))
        return workers[-1]

    with log.open("w") as output:
        yield start
        for worker in workers:
            worker.kill()
    print(log.read_text())  # noqa: T201 (pytest shows it where a test fails)


def wait_until(condition, seconds=PATIENCE):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def submit(entry, count):
    """Hand in so many answers, all in the queue before any is graded."""
    for _i in range(count):
        make_submission(entry)


def all_are_graded():
    return not GradingRun.objects.active().exists()


def assert_each_is_graded_once():
    everything = set(Submission.objects.values_list("pk", flat=True))
    runs = GradingRun.objects.values_list("submission", "state")
    assert sorted(runs) == sorted((pk, RunState.SUCCEEDED) for pk in everything)
    outcomes = Outcome.objects.values_list("submission", "revisions__number")
    assert sorted(outcomes) == sorted((pk, 1) for pk in everything)


def test_killed_worker_started_again_grades_everything_once(entry, start):
    submit(entry, 12)
    with FakeGemini(delay=0.4) as fake:
        worker = start(fake)
        wait_until(lambda: len(fake.calls) >= 6)
        worker.kill()
        assert GradingRun.objects.filter(state=RunState.RUNNING).exists()
        assert GradingRun.objects.filter(state=RunState.QUEUED).exists()
        OrmQ.objects.all().delete()  # the runs are the queue; wake-ups may get lost
        start(fake)
        wait_until(all_are_graded)
    assert_each_is_graded_once()
    assert GradingRun.objects.filter(attempts=2).exists()
    assert not GradingRun.objects.filter(attempts__gt=2).exists()


def test_killed_busy_process_is_replaced_and_everything_graded_once(entry, start):
    submit(entry, 8)
    with FakeGemini(delay=0.4) as fake:
        worker = start(fake)
        wait_until(lambda: len(fake.calls) >= 3)
        OrmQ.objects.all().delete()  # no wake-up that is left over helps
        worker.talks_to(int(fake.url.rpartition(":")[2])).kill()
        assert GradingRun.objects.filter(state=RunState.RUNNING).exists()
        wait_until(all_are_graded)
        assert worker.process.poll() is None
    assert_each_is_graded_once()


def test_run_that_kills_its_worker_each_time_ends_with_its_cause(entry, start):
    """django-q2 would serve such a task for ever; the run counts its attempts when they begin."""
    submit(entry, 1)
    with FakeGemini(delay=3) as fake:
        worker = start(fake)
        port = int(fake.url.rpartition(":")[2])
        for attempt in range(1, 5):
            wait_until(lambda number=attempt: len(fake.calls) >= number)
            worker.talks_to(port).kill()
        wait_until(all_are_graded)
    run = GradingRun.objects.get()
    assert (run.state, run.error_code, run.attempts) == (RunState.FAILED, "worker_lost", 4)
    assert not Outcome.objects.exists()


def test_wake_ups_that_are_lost_lose_no_work(entry, start):
    """As a broker does that delivers at most once: what it handed out is gone with the worker."""
    submit(entry, 6)
    OrmQ.objects.all().delete()
    with FakeGemini(delay=0.3) as fake:
        worker = start(fake)
        wait_until(lambda: len(fake.calls) >= 2)
        OrmQ.objects.all().delete()
        worker.kill()
        OrmQ.objects.all().delete()
        start(fake)
        wait_until(all_are_graded)
    assert_each_is_graded_once()


def test_worker_that_is_stuck_ends_itself_and_another_takes_over(entry, start):
    submit(entry, 1)
    worker = start()
    wait_until(all_are_graded)
    wait_until(lambda: not OrmQ.objects.exists())
    worker.idle_process().kill()  # it takes the lock that its successor waits for
    submit(entry, 2)
    GradingRun.objects.active().update(due_at=timezone.now() - timedelta(hours=1))
    assert worker.process.wait(timeout=PATIENCE) != 0
    wait_until(lambda: worker.processes() == [])  # all were told at once, and end one by one
    start()
    wait_until(all_are_graded)
    assert_each_is_graded_once()


def test_many_write_while_the_worker_grades(entry, start, log):
    students = [UserFactory(enrolled_in=entry.component) for _i in range(4)]
    submit(entry, 4)
    start()
    wait_until(OutcomeRevision.objects.exists)

    def hand_in(student):
        for _i in range(12):
            submit_answer(entry, content=ANSWER, by=student)

    in_threads(*[partial(hand_in, student) for student in students])
    wait_until(all_are_graded)
    assert Submission.objects.count() == 52
    assert_each_is_graded_once()
    assert "locked" not in log.read_text()


def test_two_workers_share_the_work(entry, start):
    submit(entry, 12)
    with FakeGemini(delay=0.4) as fake:
        start(fake)
        start(fake)
        wait_until(all_are_graded)
    assert_each_is_graded_once()
    assert not GradingRun.objects.exclude(attempts=1).exists()
    assert fake.most_at_once <= 8


def test_stopped_worker_finishes_what_it_grades_and_leaves_nothing(entry, start):
    submit(entry, 12)
    with FakeGemini(delay=0.6) as fake:
        worker = start(fake)
        wait_until(lambda: len(fake.calls) >= 4)
        worker.process.terminate()
        assert worker.process.wait(timeout=10) == 0
    assert worker.processes() == []
    states = GradingRun.objects.values_list("state", flat=True)
    assert set(states) == {RunState.SUCCEEDED, RunState.QUEUED}
    assert Outcome.objects.count() == len([s for s in states if s == RunState.SUCCEEDED]) >= 4


def test_idle_worker_stops_at_once(start, log):
    worker = start()
    wait_until(lambda: len(worker.processes()) >= 5)
    time.sleep(0.5)
    worker.process.terminate()
    assert worker.process.wait(timeout=8) == 0
    assert worker.processes() == []
    assert "The worker has stopped." in log.read_text()
