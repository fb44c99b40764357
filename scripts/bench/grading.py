"""How close grading comes to the provider's own limit, and what it costs here.

    make bench-grading

A provider of our own on loopback answers each call after a fixed time. For each limit of calls in
flight, answers are handed in and graded by the real worker, on scratch databases of SQLite and
PostgreSQL: the time from the first submit to the last outcome beside the ideal (answers x latency /
limit), CPU and memory of the worker's processes, SQL statements per grading; then two workers on
one PostgreSQL, and how quick the pages stay meanwhile.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

import psutil

from scripts.bench.api import client, machine, postgresql, serving, sqlite
from scripts.bench.statements import counted

LIMITS = (8, 32, 64, 128)
PAGES_SECONDS = 8.0
SAMPLE_SECONDS = 0.5
PATIENCE = 900.0
WAKE_UPS = 15
COLUMNS = (
    *("database", "workers", "limit", "seconds", "ideal", "ratio"),
    *("CPU ms", "MiB", "SQL", "in flight"),
)


@dataclass(frozen=True)
class Figures:
    """What one drain came to.

    Attributes:
        seconds: from the first submit to the last outcome.
        cpu: seconds of CPU of all worker processes.
        memory: most MiB of them together, shared pages counted once (PSS).
        statements: SQL statements of the workers.
        in_flight: most calls that the provider saw at once.
    """

    seconds: float
    cpu: float
    memory: float
    statements: int
    in_flight: int
    answers: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=2.0, help="seconds per call")
    parser.add_argument("--limits", type=int, nargs="*", default=LIMITS)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="flexage-bench-"))
    print(f"Machine: {machine()}. {options.answers:,} answers, {options.latency:g} s a call.\n")
    print(f"| {' | '.join(COLUMNS)} |")
    print("|---|" + "---:|" * 9)
    try:
        for name, database in (("sqlite", sqlite), ("postgresql", postgresql)):
            if options.only in {None, name}:
                with database(folder) as address:
                    measure(name, address, folder, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(name: str, database: str, folder: Path, options: argparse.Namespace) -> None:
    """All limits with one worker; on PostgreSQL two as well; then the pages beside a drain."""
    runs = [(1, limit) for limit in options.limits]
    if name == "postgresql":
        runs.append((2, 64))
    for workers, limit in runs:
        environment = environment_for(database, folder, limit)
        with provider(options.latency) as url:
            environment["OPENAI_BASE_URL"] = url
            prepare(environment, options.answers)
            figures = drain(environment, folder, workers, options.answers, url)
        print_row(name, workers, limit, figures, options.latency)
    measure_pages(name, environment_for(database, folder, 64), folder, options)


def environment_for(database: str, folder: Path, limit: int) -> dict[str, str]:
    """The environment of every process of a measurement."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "scripts.bench.settings",
        "ENV_FILE": os.devnull,
        "SECRET_KEY": "a key for a benchmark on this machine only, which nobody else ever uses",
        "DEBUG": "false",
        "HTTPS": "false",
        "DATABASE_URL": database,
        "GRADING_PROVIDER": "openai",
        "OPENAI_API_KEY": "bench",
        "GRADING_CONCURRENCY": str(limit),
        "BENCH_STATEMENTS": str(folder / "statements"),
    }


@contextmanager
def provider(latency: float) -> Iterator[str]:
    """A server that speaks the OpenAI chat API, in a process of its own."""
    command = [sys.executable, "-m", "grading.tests.fakes.openai", "--delay", str(latency)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield cast("IO[str]", server.stdout).readline().strip()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def prepare(environment: dict[str, str], answers: int) -> None:
    subprocess.run(
        [sys.executable, "-m", "scripts.bench.submit", "prepare", str(answers)],
        env=environment, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def drain(
    environment: dict[str, str], folder: Path, workers: int, answers: int, url: str
) -> Figures:
    """Hand in all answers with the workers running, and wait for the last outcome."""
    (folder / "statements").unlink(missing_ok=True)
    with working(environment, workers) as processes:
        before, statements = cpu_of(processes), counted(folder / "statements")
        with sampling(processes) as memory:
            seconds = submit_and_wait(environment, answers)
        cpu = cpu_of(processes) - before
        statements = counted(folder / "statements") - statements
    return Figures(seconds, cpu, max(memory), statements, most_at_once(url), answers)


@contextmanager
def working(environment: dict[str, str], count: int) -> Iterator[list[psutil.Process]]:
    """So many workers, ready."""
    command = [sys.executable, "manage.py", "worker"]
    started = [
        subprocess.Popen(command, env=environment, start_new_session=True) for _n in range(count)
    ]
    try:
        time.sleep(4.0)
        yield [psutil.Process(process.pid) for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(90)


def submit_and_wait(environment: dict[str, str], answers: int) -> float:
    """Seconds from the first submit to the last outcome, as the database has them."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench.submit", "submit", str(answers)],
        env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=PATIENCE,
    )  # fmt: skip
    facts = json.loads(done.stdout.splitlines()[-1])
    if facts["outcomes"] != answers:
        sys.exit(f"{facts['outcomes']} of {answers} were graded")
    return float(facts["seconds"])


def tree(processes: list[psutil.Process]) -> Iterator[psutil.Process]:
    for process in processes:
        yield process
        yield from process.children(recursive=True)


def cpu_of(processes: list[psutil.Process]) -> float:
    """Seconds of CPU of the processes and all their children, ended ones included."""
    total = 0.0
    for process in tree(processes):
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


@contextmanager
def sampling(processes: list[psutil.Process]) -> Iterator[list[float]]:
    """Looks at the memory now and then; the list fills with MiB."""
    samples, over = [0.0], threading.Event()

    def look() -> None:
        while not over.wait(SAMPLE_SECONDS):
            try:
                pss = sum(process.memory_full_info().pss for process in tree(processes))
            except psutil.Error:
                continue
            samples.append(pss / 2**20)

    thread = threading.Thread(target=look)
    thread.start()
    yield samples
    over.set()
    thread.join()


def most_at_once(url: str) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request("GET", "/control")
    return int(json.load(connection.getresponse())["most_at_once"])


def print_row(name: str, workers: int, limit: int, figures: Figures, latency: float) -> None:
    ideal = figures.answers * latency / limit
    cells: list[Any] = [
        name,
        workers,
        limit,
        f"{figures.seconds:.1f}",
        f"{ideal:.1f}",
        f"{figures.seconds / ideal:.2f}x",
        f"{1000 * figures.cpu / figures.answers:.1f}",
        f"{figures.memory:.0f}",
        f"{figures.statements / figures.answers:.1f}",
        figures.in_flight,
    ]
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def measure_pages(
    name: str, environment: dict[str, str], folder: Path, options: argparse.Namespace
) -> None:
    """p95 of a read over the API, at rest and while a worker drains the queue."""
    with provider(options.latency) as url, serving(environment) as port:
        environment["OPENAI_BASE_URL"] = url
        prepare(environment, options.answers)
        facts = json.loads(
            subprocess.run(
                [sys.executable, "-m", "scripts.bench.submit", "token"],
                env=environment, check=True, stdout=subprocess.PIPE, text=True,
            ).stdout.splitlines()[-1]
        )  # fmt: skip
        path = f"/api/configure/entries/{facts['entry']}"
        with working(environment, 1):
            print_wake_up(name, environment)
            at_rest = p95(client(port, path, facts["token"], PAGES_SECONDS))
            submitting = subprocess.Popen(
                [sys.executable, "-m", "scripts.bench.submit", "submit", str(options.answers)],
                env=environment, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            time.sleep(options.answers * 0.015)  # the answers are in, the drain goes on
            draining = p95(client(port, path, facts["token"], PAGES_SECONDS))
            submitting.wait(PATIENCE)
    print(
        f"\n{name}: p95 of GET entries/{{id}} {at_rest:.1f} ms at rest, {draining:.1f} ms while 64 "
        f"calls are in flight ({draining / at_rest:.2f}x)\n",
        flush=True,
    )


def print_wake_up(name: str, environment: dict[str, str]) -> None:
    """How long an answer waits at rest before a worker begins with it."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.bench.submit", "wake", str(WAKE_UPS)],
        env=environment, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    waits = json.loads(done.stdout.splitlines()[-1])
    middle, slow = statistics.median(waits), max(waits)
    print(
        f"\n{name}: from the submit to the start of grading, at rest, {WAKE_UPS} times: "
        f"{1000 * middle:.0f} ms in the middle, {1000 * slow:.0f} ms at most"
    )


def p95(times: list[float]) -> float:
    return 1000 * statistics.quantiles(times, n=20)[18]


if __name__ == "__main__":
    main()
