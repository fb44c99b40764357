"""A real site to drive: the launcher, its web server and worker.

Nothing here runs in the test's own process: the site has a database of its own, made in the
PostgreSQL of DATABASE_URL or, without one, as an SQLite file.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90
PASSWORD = "flexage-demo"


@dataclass
class Site:
    """A running FlexAGE."""

    address: str
    process: subprocess.Popen
    log: Path

    def output(self) -> str:
        return self.log.read_text()

    def interrupt(self) -> int:
        """Press Ctrl-C and wait for the end; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def scratch_database(folder: Path):
    """The address of an empty database that is gone afterwards."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield f"sqlite:///{folder / 'site.sqlite3'}"
        return
    name = f"site_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        parts = urllib.parse.urlsplit(server)
        yield parts._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def site_environment(database: str, port: int, **settings: str) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **inherited,
        "ENV_FILE": os.devnull,
        "PYTHONUNBUFFERED": "1",
        "SECRET_KEY": "django-insecure-for-tests-and-nowhere-else",
        "DEBUG": "true",
        "DATABASE_URL": database,
        "PORT": str(port),
        **settings,
    }


@contextmanager
def running_site(folder: Path, **settings: str):
    """Start everything with `manage.py run`, as `make run` does, and stop it with Ctrl-C."""
    port = free_port()
    log = folder / "site.log"
    with scratch_database(folder) as database, log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "run"],
            env=site_environment(database, port, **settings),
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
        )
        site = Site(f"http://127.0.0.1:{port}", process, log)
        try:
            wait_for_start(site)
            yield site
        finally:
            if process.poll() is None:
                site.interrupt()
    assert "Traceback" not in site.output(), site.output()


def wait_for_start(site: Site) -> None:
    deadline = time.monotonic() + START_SECONDS
    while "FlexAGE runs at" not in site.output():
        assert site.process.poll() is None, site.output()
        assert time.monotonic() < deadline, site.output()
        time.sleep(0.1)
