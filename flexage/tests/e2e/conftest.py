"""Sites to drive, and a browser to drive them with."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from flexage.tests.site import PASSWORD, ROOT, Site, running_site
from grading.tests.fakes.gemini import FakeGemini

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_ARGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


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
