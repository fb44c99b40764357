"""What holds for the project as a whole: its templates, its addresses, its migrations."""

import re
from functools import cache
from pathlib import Path
from uuid import uuid4

import pytest
from django.contrib import admin
from django.core.management import call_command
from django.db import connection
from django.template.loader import get_template
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from accounts.tests.factories import UserFactory
from components.models import Entry
from grading.models import GradingBatch
from grading.tests.factories import grade, make_submission, make_webhook

ROOT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "components", "grading", "flexage")
TEMPLATES = sorted(str(path.relative_to(ROOT / "templates"))
                   for path in (ROOT / "templates").rglob("*.html"))  # fmt: skip
NAMED_BY_DJANGO = {"400.html", "403.html", "403_csrf.html", "404.html", "500.html"}
PUBLIC = {
    *("accounts:sign_in", "accounts:sign_out", "admin:login"),
    *("api:docs", "api:reference", "api:schema", "api:health", "api:ready"),
    *("api:auth:sign_in", "api:auth:sign_in_json", "api:auth:refresh"),
}
"""What a visitor may open without signing in; everything else leads to the sign-in."""
PLACEHOLDER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|TRUNCATE)\b", re.IGNORECASE)


@cache
def sources():
    """All code and templates outside of the tests, as one text per file."""
    code = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    files = [path for path in code if "tests" not in path.parts]
    files += (ROOT / "templates").rglob("*.html")
    return {path: path.read_text() for path in files}


def addresses(resolver=None, prefix="", namespace=""):
    """Every address pattern of the site, by its name."""
    found: dict[str, str] = {}
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$")
        if isinstance(pattern, URLResolver):
            inner = ":".join(filter(None, [namespace, pattern.namespace]))
            found |= addresses(pattern, route, inner)
        else:
            found[":".join(filter(None, [namespace, pattern.name or route]))] = route
    return found


ADDRESSES = addresses()
UNKNOWN = "api:not_found"
PAGES = [name for name in ADDRESSES if not name.startswith("api:")]
ENDPOINTS = [name for name in ADDRESSES if name.startswith("api:") and name != UNKNOWN]


def address_of(route, **objects):
    """An address in which each placeholder names one of `objects`, or nothing that exists."""

    def value(match):
        key = match[1] or match[2]
        before = route[: match.start()].rstrip("/").rpartition("/")[2]
        return str(objects.get(before) or objects.get(key) or key)

    path = PLACEHOLDER.sub(value, route).replace("\\.", ".").replace("\\Z", "")
    return f"/{path}"


@pytest.fixture
def site(entry, student):
    """A site with one of everything; what placeholders in its addresses may name."""
    submission = make_submission(entry, student)
    grade(submission)
    waiting = make_submission(entry, UserFactory(enrolled_in=entry.component))
    assert waiting.pk
    webhook = make_webhook(entry.component)
    batch = GradingBatch.objects.create(entry=entry, created_at=timezone.now())
    return {
        "bulk": batch.pk,
        "components": entry.component_id,
        "component_pk": entry.component_id,
        "entries": entry.pk,
        "entry_pk": entry.pk,
        "submissions": submission.pk,
        "runs": submission.runs.get().pk,
        "user_pk": student.pk,
        "object_id": student.pk,
        "app_label": "accounts",
        "user": student.pk,
        "component": entry.component_id,
        "enrollment": student.enrollments.get().pk,
        "content_type_id": "1",
        "flexagecomps": entry.component_id,
        "comp_id": entry.component_id,
        "entry_id": entry.pk,
        "submission_id": submission.pk,
        "outcome_id": submission.outcome.pk,
        "webhook_id": webhook.pk,
        "delivery_id": uuid4(),
    }


@pytest.mark.parametrize("template", TEMPLATES)
def test_template_is_used_and_can_be_loaded(template):
    get_template(template)
    name = f'"{template}"'
    users = [path for path, text in sources().items() if name in text]
    assert users or template in NAMED_BY_DJANGO


@pytest.mark.parametrize("template", TEMPLATES)
def test_template_holds_no_inline_script_or_style(template):
    text = (ROOT / "templates" / template).read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text)


@pytest.mark.parametrize(
    "path",
    [str(path.relative_to(ROOT / "static")) for path in (ROOT / "static").rglob("*.*")],
)
def test_static_file_is_used(path):
    static = [file.read_text() for file in (ROOT / "static").rglob("*.[cj]s*")]
    assert any(path in text or Path(path).name in text for text in [*sources().values(), *static])


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name in PAGES if name not in PUBLIC])
@pytest.mark.parametrize(("method", "back"), [("get", "?next="), ("post", "")])
def test_address_leads_a_visitor_to_the_sign_in(name, method, back, client):
    zero = "00000000-0000-0000-0000-000000000000"
    names = ("pk", "user_pk", "component_pk", "entry_pk", "object_id")
    path = address_of(ADDRESSES[name], **dict.fromkeys(names, zero), bulk=1)
    response = getattr(client, method)(path)
    assert response.status_code == 302
    assert response.url.startswith(("/accounts/sign-in/" + back, "/admin/login/" + back))


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name in ENDPOINTS if name not in PUBLIC])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_endpoint_tells_a_visitor_to_sign_in(name, method, client):
    response = getattr(client, method)(address_of(ADDRESSES[name]))
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response.json()["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_address_that_is_public_exists_and_needs_no_sign_in(name, client):
    assert client.get(address_of(ADDRESSES[name])).status_code in {200, 405}


@pytest.mark.django_db
def test_reading_any_page_writes_nothing(site, student, configurator, admin):
    opened, writers = set(), {}
    for user in (student, configurator, admin):
        browser = Client()
        browser.force_login(user)
        for name, route in ADDRESSES.items():
            with CaptureQueriesContext(connection) as queries:
                response = browser.get(address_of(route, **site))
            writes = [query["sql"] for query in queries if WRITES.match(query["sql"])]
            if writes:
                writers[name] = writes
            if response.status_code == 200:
                opened.add(name)
    assert not writers
    # A page that nobody could open here would be tested in vain.
    unopened = {name for name in ADDRESSES if not name.startswith("admin:")} - opened
    assert unopened == {
        "accounts:home",
        "accounts:sign_in",
        "accounts:sign_out",
        "components:configurator_add",
        "components:configurator_remove",
        "components:unenroll",
        "grading:answer_review",
        "grading:ask_for_review",
        "grading:batch_resume",
        "grading:batch_stop",
        "grading:provider_retry",
        "grading:submission_regrade",
        "grading:submission_release",
        "grading:submission_resume",
        "grading:submission_stop",
        "api:auth:sign_in",
        "api:auth:sign_in_json",
        "api:auth:refresh",
        "api:auth:register",
        "api:auth:register_bulk",
        "api:auth:enroll",
        "api:auth:enroll_bulk",
        "api:configure:entries_bulk",
        "api:configure:generate",
        "api:configure:generate_alias",
        "api:configure:release",
        "api:configure:resend",
        "api:student:submit",
        UNKNOWN,
    }


def test_admin_site_offers_nothing_that_runs_code():
    """Schedules of django-q2 name any function to be run."""
    offered = {model._meta.app_label for model in admin.site._registry}
    assert offered <= {"accounts", "components", "grading", "auth"}


@pytest.mark.django_db
def test_no_migration_is_missing(capsys):
    call_command("makemigrations", check=True, dry_run=True)
    assert "No changes detected" in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/no/such/page/", "/configure/components/x/", "/static/no.css"])
def test_unknown_address_is_a_page_that_leads_home(path, client, configurator):
    client.force_login(configurator)
    response = client.get(path)
    assert response.status_code == 404
    assert "There is nothing here" in response.text


@pytest.mark.django_db
def test_error_page_needs_nothing_that_could_fail(client):
    for template in ("400.html", "403_csrf.html", "500.html"):
        assert "FlexAGE" in get_template(template).render()
    assert not Entry.objects.exists()
