"""A real site to drive: the launcher, its web server and worker, and a browser.

Nothing here runs in the test's own process: the site has a database of its own, made in the
PostgreSQL of DATABASE_URL or, without one, as an SQLite file.
"""

from __future__ import annotations

import os
import re
import shutil
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
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from grading.tests.fakes.gemini import FakeGemini

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 90
PASSWORD = "flexage-demo"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_ARGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


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


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """FlexAGE as it starts on a new machine: simulator, demo data."""
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="session")
def gemini_server():
    with FakeGemini() as fake:
        yield fake


@pytest.fixture
def gemini(gemini_server):
    """A server that speaks Gemini's protocol, and can be told to fail."""
    gemini_server.play("")
    return gemini_server


@pytest.fixture(scope="session")
def gemini_site(tmp_path_factory, gemini_server):
    """FlexAGE that grades with Gemini, quick to try again."""
    settings = {
        "GOOGLE_API_KEY": "key-for-tests",
        "GOOGLE_API_ENDPOINT": gemini_server.url,
        "GRADING_MAX_ATTEMPTS": "2",
        "GRADING_RETRY_SECONDS": "0.2",
        "GRADING_TIMEOUT": "2",
    }
    with running_site(tmp_path_factory.mktemp("gemini"), **settings) as running:
        yield running


@pytest.fixture(scope="session")
def browser():
    installed = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed, args=BROWSER_ARGS)
        yield browser
        browser.close()


class Visitor:
    """A person at a browser window of their own."""

    def __init__(self, browser: Browser, address: str, **options) -> None:
        self.context = browser.new_context(base_url=address, **options)
        self.context.tracing.start(screenshots=True, snapshots=True)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)

    def _note(self, message) -> None:
        expected = re.compile(r"status of 4\d\d|beforeunload")
        # Django's admin and the diffs of import-export carry cosmetic style attributes, which our
        # Content-Security-Policy rightly leaves out.
        is_cosmetic = "/admin/" in self.page.url and "inline style" in message.text
        if message.type == "error" and not is_cosmetic and not expected.search(message.text):
            self.complaints.append(message.text)

    def sign_in(self, username: str, password: str = PASSWORD) -> Page:
        self.page.goto("/accounts/sign-in/")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        return self.page


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.failed_call = report.failed
    return report


@pytest.fixture
def visitor(browser, request):
    """Makes visitors: `visitor(site, "student1")`. A failed test keeps their traces."""
    visitors: list[Visitor] = []

    def visit(site: Site, username: str = "", **options) -> Visitor:
        new = Visitor(browser, site.address, **options)
        visitors.append(new)
        if username:
            new.sign_in(username)
        return new

    yield visit
    has_failed = getattr(request.node, "failed_call", True)
    for number, each in enumerate(visitors):
        trace = ROOT / "test-results" / f"{request.node.name}-{number}.zip"
        each.context.tracing.stop(path=trace if has_failed else None)
        each.context.close()
    complaints = [complaint for each in visitors for complaint in each.complaints]
    assert not complaints, complaints
