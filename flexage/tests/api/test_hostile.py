"""Whatever a client sends is answered in JSON, with less than 500, and nothing is half written."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import jwt
import orjson
import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls import URLResolver
from django_filters.rest_framework import DjangoFilterBackend

from accounts.tests.factories import UserFactory
from components.tests.factories import RUBRIC
from flexage import api_urls
from grading.models import Outcome
from grading.services.webhooks import record_answer
from grading.tests.factories import (
    HOOK,
    claim_delivery,
    grade,
    make_delivery,
    make_submission,
    make_webhook,
    reply_text,
)

pytestmark = pytest.mark.django_db
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
UNSAFE = ("POST", "PUT", "DELETE")
PLACEHOLDER = re.compile(r"<id:(\w+)>")


class Operation(NamedTuple):
    """A method at an address, with the class of its view."""

    method: str
    address: str
    view: Any

    def __str__(self) -> str:
        return f"{self.method} {self.address}"


def operations(resolver: Any = api_urls, prefix: str = "/api/") -> Iterator[Operation]:
    """All that the API offers; a new endpoint is among them by itself."""
    patterns = resolver.urlpatterns if resolver is api_urls else resolver.url_patterns
    for pattern in patterns:
        address = prefix + PLACEHOLDER.sub(r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from operations(pattern, address)
        elif view := getattr(pattern.callback, "cls", None):
            for method in ("GET", *UNSAFE):
                if hasattr(view, method.lower()):
                    yield Operation(method, address, view)


OPERATIONS = {str(operation): operation for operation in operations()}
WITHOUT_BODY = {
    "DELETE /api/configure/flexagecomps/{comp_id}",
    "DELETE /api/configure/entries/{entry_id}",
    "POST /api/configure/submissions/{submission_id}/generate-outcome",
    "POST /api/configure/submissions/{submission_id}/generate_outcome",
    "POST /api/configure/outcomes/{outcome_id}/release",
    "DELETE /api/configure/webhooks/{webhook_id}",
    "POST /api/configure/webhooks/{webhook_id}/deliveries/{delivery_id}/resend",
}
PLACE = {"student_user_id": "{newcomer_id}", "flex_age_comp_id": "{comp_id}"}
PERSON = {
    "username": "mira.k",
    "password": "seven green kites",
    "email": "mira.k@example.org",
    "full_name": "Mira Kovacs",
    "role": "student",
    "is_active": True,
}
ENTRY = {
    "flex_age_comp_id": "{comp_id}",
    "entry_title": "How plants feed",
    "instructions": "<p>Explain.</p>",
    "rubric_definition": RUBRIC,
}
WEBHOOK = {
    "flex_age_comp_id": "{comp_id}",
    "url": HOOK,
    "events": ["outcome.available"],
    "is_active": True,
    "secret": "a secret of sufficient length",
}
COMPONENT = {"comp_name": "Biology", "general_instructions": "<p>Read.</p>"}
SIGN_IN = {"username": "student", "password": "correct horse battery"}
BODIES: dict[str, Any] = {
    "POST /api/auth/login": SIGN_IN,
    "POST /api/auth/login/json": SIGN_IN,
    "POST /api/auth/refresh": {"refresh_token": "abc"},
    "POST /api/auth/register": PERSON,
    "POST /api/auth/register/bulk": {"rows": [PERSON]},
    "POST /api/auth/enroll": PLACE,
    "DELETE /api/auth/enroll": {**PLACE, "student_user_id": "{student_id}"},
    "POST /api/auth/enroll/bulk": {"rows": [PLACE]},
    "POST /api/configure/flexagecomps/": COMPONENT,
    "PUT /api/configure/flexagecomps/{comp_id}": COMPONENT,
    "POST /api/configure/entries/": ENTRY,
    "POST /api/configure/entries/bulk": {"rows": [ENTRY]},
    "PUT /api/configure/entries/{entry_id}": ENTRY,
    "PUT /api/configure/outcomes/{outcome_id}": {
        "outcome_data": {
            "feedback_text": "<p>Well done.</p>",
            "score": 12,
            "llm_confidence": 80,
            "criteria": [{"level": 1, "points": 3, "comment": "Nearly."}],
        },
        "is_llm_generated": False,
        "reason": "The formula counts.",
    },
    "POST /api/configure/webhooks": WEBHOOK,
    "PUT /api/configure/webhooks/{webhook_id}": WEBHOOK,
    "POST /api/student/entries/{entry_id}/submit": {
        "submission_title": "How plants feed",
        "content": "<p>From light.</p>",
    },
}
"""A body that each operation takes."""
JSON_BODIES = sorted(BODIES.keys() - {"POST /api/auth/login"})
NULLABLE = {
    *("email", "full_name", "instructions", "general_instructions", "secret", "reason", "comment"),
    "submission_title",
}

DEEP = 100_000
NOT_JSON = {
    "empty": b"",
    "words": b"hello",
    "half": b'{"username": "a"',
    "two": b"{}{}",
    "comma": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "huge number": b'{"a": 1' + b"0" * 400 + b"}",
    "1e999": b'{"a": 1e999}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "lone surrogate": b'{"username": "\\ud800", "comp_name": "\\ud800"}',
    "raw NUL": b'{"username": "\x00"}',
    "invalid UTF-8": b'{"username": "\xff\xfe"}',
    "UTF-16": '{"username": "a"}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "open brackets": b"[" * DEEP,
    "form": b"username=a&password=b",
    "XML": b"<?xml version='1.0'?><a/>",
}
NO_OBJECT: dict[str, Any] = {
    "null": None,
    "number": 5,
    "text": "text",
    "list": [],
    "list of objects": [{"username": "a"}],
    "true": True,
    "deep": b"[" * 1000 + b"]" * 1000,
}
ODD_TEXTS = {
    "empty": "",
    "space": " \t\n",
    "NUL": "a\x00b",
    "long": "x" * 110_000,
    "not a character": "\uffff\ufffe",
    "right to left": "\u202egnp.exe",
    "emoji": "\U0001f600" * 300,
    "long in lower case": "\u0130" * 255,
    "script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "SQL": "'; DROP TABLE accounts_user; --",
    "template": "{{ 7*7 }}{% debug %}${7*7}%s%n{0.__class__}",
    "path": "../../../../etc/passwd",
    "newline": "a\r\nX-Header: b",
    "address": "javascript:alert(1)",
    "bad address": "http://[::1",
    "address without a name": "http://%00/\\@",
    "nil id": str(uuid.UUID(int=0)),
}
ODD_VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "minus": -1,
    "fraction": 1e-300,
    "huge": 1e300,
    "beyond 64 bits": 2**64 - 1,
    "list": [],
    "object": {},
    "nested": [[{"a": [1, None, "x"]}]],
    "many": [0] * 2000,
    "deep": b"[" * 900 + b"]" * 900,
    **ODD_TEXTS,
}


@pytest.fixture
def people(student, configurator):
    return {"student": student, "configure": configurator, "auth": configurator}


@pytest.fixture
def ids(settings, component, entry, student, people, api):
    """What the placeholders of addresses and bodies stand for; everybody is signed in."""
    settings.AXES_FAILURE_LIMIT = 10**6
    for person in people.values():
        api(person)
    submission = make_submission(entry, student)
    grade(submission, reply_text(1, confidence=5))
    webhook = make_webhook(component)
    delivery = make_delivery(webhook)
    record_answer(claim_delivery(delivery), 200, "ok")
    return {
        "comp_id": component.pk,
        "entry_id": entry.pk,
        "submission_id": submission.pk,
        "outcome_id": Outcome.objects.get(submission=submission).pk,
        "webhook_id": webhook.pk,
        "delivery_id": delivery.pk,
        "student_id": student.pk,
        "newcomer_id": UserFactory(username="newcomer").pk,
    }


@pytest.fixture
def ask(api, people, ids):
    """Send an operation as somebody who may: the answer, which is JSON and below 500."""

    def ask(operation, what, body=None, content_type=JSON, *, address=None, **headers):
        part = operation.address.split("/")[2]
        client = api(people.get(part))
        sent = body if isinstance(body, bytes) else orjson.dumps(body)
        try:
            answer = client.browser.generic(
                operation.method,
                address or filled(operation.address, ids),
                b"" if body is None and operation.method == "GET" else sent,
                content_type,
                headers={**client.headers, **headers},
            )
        except Exception as error:
            raise AssertionError(f"{operation}, {what}: {error!r}") from error
        check_is_json(answer, f"{operation}, {what}")
        return answer

    return ask


def filled(template: Any, ids: dict[str, Any]) -> Any:
    """The address or the body with ids in their places."""
    if isinstance(template, dict):
        return {name: filled(value, ids) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(item, ids) for item in template]
    if isinstance(template, str):
        return re.sub(r"\{(\w+_id)\}", lambda found: str(ids[found[1]]), template)
    return template


def check_is_json(answer: Any, what: str) -> None:
    """JSON below 500; a refusal has a `detail`, or messages per field."""
    assert answer.status_code < 500, f"{what}: {answer.content[:300]!r}"
    assert answer["Content-Type"] == JSON, f"{what}: {answer['Content-Type']}"
    told = orjson.loads(answer.content)
    if answer.status_code == 400 and "detail" not in told:
        assert told, what
        assert all(isinstance(value, list | dict) and value for value in told.values()), told
    elif answer.status_code >= 400:
        assert isinstance(told["detail"], str), f"{what}: {told}"
        assert told["detail"], what


def everything_stored() -> dict[str, Any]:
    """All rows of our own tables."""
    models = [
        model
        for app in ("accounts", "components", "grading")
        for model in apps.get_app_config(app).get_models(include_auto_created=True)
    ]
    return {model.__name__: list(model._base_manager.order_by("pk").values()) for model in models}


@pytest.fixture
def nothing_written(ids):
    """Nothing changes in the test's database, but for what is rolled back."""
    before = everything_stored()
    yield
    assert everything_stored() == before


def fields_of(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all values in a body, but for the inside of a rubric and of bulk rows."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(body, dict):
        inner = list(body.items())
    elif isinstance(body, list):
        inner = list(enumerate(body))
    for key, value in inner:
        yield (*path, key)
        if key not in {"rubric_definition", "rows"}:
            yield from fields_of(value, (*path, key))


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The body with another value at a place."""
    if not path:
        return orjson.Fragment(value) if isinstance(value, bytes) else value
    key, *rest = path
    copy = dict(body) if isinstance(body, dict) else list(body)
    copy[key] = changed(copy[key], tuple(rest), value)
    return copy


def is_other_type(value: Any, right: Any) -> bool:
    if isinstance(right, bool) or isinstance(value, bool):
        return type(value) is not type(right)
    if isinstance(right, int) and isinstance(value, int | float):
        return False
    return type(value) is not type(right)


# --- bodies --------------------------------------------------------------------
def test_every_operation_that_may_change_something_is_known_here():
    unsafe = {name for name, operation in OPERATIONS.items() if operation.method in UNSAFE}
    assert unsafe == BODIES.keys() | WITHOUT_BODY


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("name", JSON_BODIES)
def test_body_that_is_no_json_object_is_refused(name, ask):
    operation = OPERATIONS[name]
    for what, body in (NOT_JSON | NO_OBJECT).items():
        sent = orjson.dumps(body) if not isinstance(body, bytes) else body
        with transaction.atomic():
            answer = ask(operation, what, sent)
            transaction.set_rollback(True)
        # Nothing at all changes nothing: a part of the fields may be sent, and none is a part.
        expected = {200, 400} if what == "empty" and operation.method == "PUT" else {400}
        assert answer.status_code in expected, f"{what}: {answer.content!r}"


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("name", JSON_BODIES)
def test_field_with_any_value_is_answered(name, ask, ids):
    operation, body = OPERATIONS[name], filled(BODIES[name], ids)
    for path in fields_of(body):
        right = body
        for key in path:
            right = right[key]
        for what, value in ODD_VALUES.items():
            place = ".".join(map(str, path))
            with transaction.atomic():
                answer = ask(operation, f"{place} {what}", orjson.dumps(changed(body, path, value)))
                transaction.set_rollback(True)
            if isinstance(value, bytes):
                assert answer.json() == {"detail": "The body is nested too deeply."}
            elif value is None and path[-1] in NULLABLE:
                assert answer.status_code < 400, f"{place} {what}: {answer.content!r}"
            elif is_other_type(value, right):
                assert answer.status_code == 400, f"{place} {what}: {answer.content!r}"
                assert path[0] in answer.json(), f"{place} {what}: {answer.content!r}"


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("name", [name for name in JSON_BODIES if name.endswith("/bulk")])
def test_bulk_row_with_any_value_is_refused_in_its_place(name, ask, ids):
    (row,) = filled(BODIES[name]["rows"], ids)
    for field, right in row.items():
        values = {
            what: value
            for what, value in ODD_VALUES.items()
            if is_other_type(value, right) and value is not None and not isinstance(value, bytes)
        }
        rows = [{**row, field: value} for value in values.values()]
        answer = ask(OPERATIONS[name], field, {"rows": rows})
        for what, result in zip(values, answer.json()["results"], strict=True):
            assert result["status"] == 400, f"{field} {what}: {result}"
            assert field in result["body"]


BAD_RUBRICS: list[dict[str, Any]] = [
    {"criteria": None},
    {"criteria": {}},
    {"criteria": [None]},
    {"criteria": [{"text": "a", "marks": -1}]},
    {"criteria": [{"text": "a", "marks": 1e300}]},
    {"criteria": [{"text": "a", "marks": "10"}]},
    {"criteria": [{"text": "a", "marks": True}]},
    {"criteria": [{"text": ["a"], "marks": 1}]},
    {"criteria": [{"text": "a\x00", "marks": 1}]},
    {"criteria": [{"text": "x" * 100_000, "marks": 1}]},
    {"performance_levels": [{"text": "a"}] * 5000},
    {"performance_levels": "abc"},
    {"cell_descriptions": [["a"]]},
    {"cell_descriptions": [["a", None, 5], "abc"]},
    {"cell_points": [[1e300]]},
    {"unknown": [[[[[[[[[["deep"]]]]]]]]]]},
    {"criteria": [{"text": "a", "marks": 1, "weight": 0}] * 1000},
]


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize(
    "name", ["POST /api/configure/entries/", "PUT /api/configure/entries/{entry_id}"]
)
def test_rubric_that_cannot_be_is_refused(name, ask, ids):
    for definition in BAD_RUBRICS:
        body = {**filled(ENTRY, ids), "rubric_definition": {**RUBRIC, **definition}}
        what = str(definition)[:80]
        answer = ask(OPERATIONS[name], what, body)
        assert answer.status_code == 400, what
        assert "rubric_definition" in answer.json(), what


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("name", sorted(BODIES.keys() | WITHOUT_BODY))
def test_body_one_byte_too_large_is_refused(name, ask, settings):
    settings.API_MAX_BODY = 5000
    operation = OPERATIONS[name]
    for size in (5001, 50_000):
        answer = ask(operation, size, b" " * size, FORM if name.endswith("login") else JSON)
        assert answer.status_code == 413


@pytest.mark.parametrize("name", JSON_BODIES)
def test_body_as_large_as_allowed_is_read(name, ask, ids, settings):
    body = orjson.dumps(filled(BODIES[name], ids))
    settings.API_MAX_BODY = len(body) + 100
    answer = ask(OPERATIONS[name], "as large as allowed", body + b" " * 100)
    assert answer.status_code in {200, 201} or name == "POST /api/auth/refresh"


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("name", JSON_BODIES)
def test_body_of_another_content_type_is_refused(name, ask, ids):
    body = orjson.dumps(filled(BODIES[name], ids))
    kinds = ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", FORM]
    kinds += ["application/xml", "application/jsonp", "json", ";", "\xe4/\xf6", "a/b; " + "x" * 999]
    for kind in kinds:
        assert ask(OPERATIONS[name], kind, body, kind).status_code == 415, kind


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize(
    "charset", ["hex", "utf-16", "rot13", "nonsense", "\xfc", '"utf-8"', "utf-8;x=" + "y" * 999]
)
def test_charset_makes_no_difference(charset, ask, ids):
    for name in JSON_BODIES:
        with transaction.atomic():
            body = orjson.dumps(filled(BODIES[name], ids))
            answer = ask(OPERATIONS[name], charset, body, f"{JSON}; charset={charset}")
            transaction.set_rollback(True)
        assert answer.status_code in {200, 201} or name == "POST /api/auth/refresh", answer.content


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("name", sorted(WITHOUT_BODY))
def test_operation_without_a_body_does_not_read_one(name, ask, ids):
    operation = OPERATIONS[name]
    address = filled(operation.address, ids) + "?force_regenerate=true"
    kinds = itertools.cycle([JSON, "text/plain", f"{JSON}; charset=utf-16", FORM])
    for (what, body), kind in zip(NOT_JSON.items(), kinds, strict=False):
        with transaction.atomic():
            answer = ask(operation, f"{what} as {kind}", body, kind, address=address)
            transaction.set_rollback(True)
        assert answer.status_code in {200, 202}, f"{what} as {kind}: {answer.content!r}"


FORMS = [
    (b"", 400),
    (b"username=student", 400),
    (b"username=&password=", 400),
    (b"username=a%00&password=b", 400),
    (b"username=a&password=b%00", 400),
    (b"username=%ff&password=%fe", 401),
    (b"username=\xff&password=\xfe", 401),
    (b"username=%ED%A0%80&password=x", 401),
    (b"username=a&username=student&password=correct+horse+battery", 200),
    (b"username=" + b"%C4%B0" * 255 + b"&password=x", 401),
    (b"username=" + b"a" * 300 + b"&password=x", 400),
    (b"username=a&password=" + b"b" * 5000, 400),
    (b'{"username": "student", "password": "correct horse battery"}', 400),
    (b"&".join(b"a%d=1" % n for n in range(6000)), 400),
    (b"%" * 1000, 400),
    (b"=&=&;", 400),
]


@pytest.mark.parametrize("kind", [FORM, f"{FORM}; charset=hex", f"{FORM}; charset=latin-1"])
def test_sign_in_form_with_anything_is_answered(kind, ask):
    operation = OPERATIONS["POST /api/auth/login"]
    for body, status in FORMS:
        assert ask(operation, body[:40], body, kind).status_code == status, body[:40]


@pytest.mark.parametrize("kind", ["", JSON, "text/plain", "multipart/form-data; boundary=x"])
def test_sign_in_form_of_another_content_type_is_refused(kind, ask):
    body = b"username=student&password=correct+horse+battery"
    assert ask(OPERATIONS["POST /api/auth/login"], kind, body, kind).status_code == 415


def test_key_given_twice_counts_as_its_last_value(ask, ids):
    body = b'{"comp_name": "First", "comp_name": "Last"}'
    answer = ask(OPERATIONS["POST /api/configure/flexagecomps/"], "twice", body)
    assert answer.json()["comp_name"] == "Last"


def test_markup_in_texts_is_kept_as_text_or_made_harmless(ask, ids):
    script = ODD_TEXTS["script"]
    body = {"comp_name": script, "general_instructions": f"<p>Read</p>{script}"}
    told = ask(OPERATIONS["POST /api/configure/flexagecomps/"], "script", body).json()
    assert told["comp_name"] == script
    assert told["general_instructions"].startswith("<p>Read</p>")
    assert "<script" not in told["general_instructions"]
    assert "onerror" not in told["general_instructions"]


# --- addresses -----------------------------------------------------------------
BAD_IDS = {
    "word": "abc",
    "number": "1",
    "minus": "-1",
    "null": "null",
    "unknown": str(uuid.uuid4()),
    "too short": str(uuid.uuid4())[:-1],
    "too long": str(uuid.uuid4()) + "0",
    "very long": "a" * 5000,
    "NUL": "%00",
    "not UTF-8": "%ff",
    "newline": "%0a",
    "space": "%20",
    "dots": "%2e%2e",
    "percent": "%25",
    "other digits": "%D9%A1" * 32,
    "emoji": "%F0%9F%98%80",
    "SQL": "'%20OR%201=1--",
    "template": "%7B%7B7*7%7D%7D",
}
WITH_IDS = sorted(name for name, operation in OPERATIONS.items() if "{" in operation.address)


@pytest.mark.usefixtures("nothing_written")
@pytest.mark.parametrize("name", WITH_IDS)
def test_id_that_is_none_of_ours_is_a_404(name, ask, ids):
    operation = OPERATIONS[name]
    for place in re.findall(r"\{(\w+)\}", operation.address):
        for what, bad in BAD_IDS.items():
            address = filled(operation.address, {**ids, place: bad})
            answer = ask(operation, f"{place} {what}", b"{}", address=address)
            assert answer.status_code == 404, f"{place} {what}: {answer.content!r}"


@pytest.mark.parametrize("name", [name for name in WITH_IDS if name.startswith("GET")])
def test_id_in_other_spellings_is_the_same_id(name, api, people, ids):
    address = OPERATIONS[name].address
    client = api(people[address.split("/")[2]])
    expected = client.get(filled(address, ids)).getvalue()
    for spell in (lambda key: str(key).upper(), lambda key: key.hex):
        spelt = {place: spell(key) for place, key in ids.items()}
        answer = client.get(filled(address, spelt))
        assert answer.status_code == 200
        assert answer.getvalue() == expected


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_unknown_address_is_a_404_in_json(method, debug, api, student, settings):
    settings.DEBUG = debug
    for path in ("", "nothing", "auth", "auth/nothing/", "configure/entries/a/b", "%00", "%ff"):
        for client in (api(), api(student)):
            answer = client.send(method, f"/api/{path}", accept="text/html")
            assert answer.status_code == 404
            assert answer["Content-Type"] == JSON
            if method != "HEAD":
                assert answer.json() == {"detail": "There is nothing at this address."}


@pytest.mark.parametrize("debug", [True, False])
def test_id_that_is_unknown_is_a_404_in_json(debug, ask, ids, settings):
    settings.DEBUG = debug
    operation = OPERATIONS["GET /api/configure/entries/{entry_id}"]
    address = filled(operation.address, {"entry_id": uuid.uuid4()})
    assert ask(operation, "unknown", address=address).status_code == 404


@pytest.mark.usefixtures("nothing_written")
def test_method_that_is_not_offered_is_a_405(ask):
    views = {each.address: each.view for each in OPERATIONS.values()}
    for address, view in views.items():
        offered = {each.method for each in OPERATIONS.values() if each.address == address}
        methods = {"GET", *UNSAFE, "PATCH", "OPTIONS", "TRACE", "PROPFIND"}
        for method in sorted(methods - offered):
            answer = ask(Operation(method, address, view), "method", b"{}")
            assert answer.status_code == 405, f"{method} {address}"
            allowed = set(answer["Allow"].split(", "))
            assert allowed - {"HEAD"} == offered, f"{method} {address}"


# --- queries -------------------------------------------------------------------
ODD_QUERIES = {
    **{what: text for what, text in ODD_TEXTS.items() if what != "long"},
    "zero": "0",
    "minus": "-1",
    "minus zero": "-0",
    "plus": "+1",
    "fraction": "1.5",
    "exponent": "1e3",
    "tiny": "1e-999999",
    "vast": "1e999999",
    "0e": "0e999999999",
    "NaN": "NaN",
    "sNaN": "sNaN",
    "Infinity": "-Infinity",
    "huge": "9" * 5000,
    "other digits": "\u0661\u0662",
    "underscore": "1_0",
    "true": "true",
    "list": "a,b,,-",
    "day": "2026-02-30T00:00:00Z",
    "year 1": "0001-01-01T00:00:00+14:00",
    "year 9999": "9999-12-31T23:59:59-14:00",
    "no offset": "2026-01-01T00:00:00",
    "odd offset": "2026-01-01T00:00:00+99:99",
    "unencoded plus": "2026-01-01T00:00:00 02:00",
    "columns": "pk,password,-student__password",
    "dunder": "__class__",
    "random": "?",
}


def parameters_of_lists() -> dict[str, set[str]]:
    """The parameters of each list; of lists that share their filters, of the first."""
    found: dict[Any, tuple[str, set[str]]] = {}
    for name, operation in OPERATIONS.items():
        view = operation.view
        if operation.method == "GET" and view.pagination_class is not None:
            filters = view.filterset_class if DjangoFilterBackend in view.filter_backends else None
            names = {"skip", "limit"} | set(filters.base_filters if filters else ())
            found.setdefault(filters, (name, names))
    return dict(found.values())


@pytest.mark.parametrize(("name", "parameters"), parameters_of_lists().items())
def test_query_with_any_value_is_answered_or_refused_by_name(name, parameters, api, people, ids):
    address = filled(OPERATIONS[name].address, ids)
    client = api(people[address.split("/")[2]])
    for parameter, (what, value) in itertools.product(sorted(parameters), ODD_QUERIES.items()):
        answer = client.get(address, {parameter: value})
        check_is_json(answer, f"{parameter} {what}")
        assert answer.status_code in {200, 400}, f"{parameter} {what}"
        if answer.status_code == 400:
            assert set(answer.json()) == {parameter}, f"{what}: {answer.content!r}"
    for parameter, value in itertools.product(
        sorted(parameters), ("=%00", "=%ff", "", "=%ED%A0%80")
    ):
        check_is_json(client.get(f"{address}?{parameter}{value}"), f"{parameter}{value}")


@pytest.mark.parametrize(
    "query",
    [
        *("&".join(f"a{n}=1" for n in range(6000)), "=", "&&&", "%", "%zz=%zz", "skip=1&skip=x"),
        *("limit=0", "a" * 5000, "\xe4=\xf6", "skip[]=1", "format=html", "format=api", "_method=x"),
    ],
    ids=lambda query: query[:20],
)
def test_query_of_any_shape_is_answered(query, api, configurator):
    answer = api(configurator).browser.generic(
        "GET", "/api/configure/submissions/", headers=api(configurator).headers, QUERY_STRING=query
    )
    check_is_json(answer, query[:20])
    assert answer.status_code in {200, 400}


@pytest.mark.parametrize("value", ["yes", "2", "tru", "\x00", "TRUE ", "null", "x" * 5000])
def test_force_regenerate_that_is_no_flag_is_refused(value, api, configurator, ids):
    address = f"/api/configure/submissions/{ids['submission_id']}/generate-outcome"
    answer = api(configurator).browser.post(
        address, query_params={"force_regenerate": value}, headers=api(configurator).headers
    )
    assert answer.status_code == 400
    assert "force_regenerate" in answer.json()


# --- headers -------------------------------------------------------------------
FORGED = jwt.encode(
    {"sub": str(uuid.uuid4()), "exp": 2**33, "token_type": "access", "jti": "a"},
    "another key that is as long as it has to be",
    "HS256",
)
UNSIGNED = jwt.encode({"sub": "1", "exp": 2**33, "token_type": "access"}, "", "none")


@pytest.mark.parametrize(
    "header",
    [
        *("", "Bearer", "Bearer ", "Bearer a", "Bearer a b", "bearer a", "Bearer a.b.c", "a b c"),
        *("Bearer \xe4\xf6\xfc", "\xe4 \xf6", "Basic YTpi", "Basic \xff", "Token abc", "Bearer ,"),
        *("Bearer " + "a" * 10_000, "Bearer " + ".".join("a" * 3000 for _part in range(3))),
        *(f"Bearer {FORGED}", f"Bearer {UNSIGNED}", f"Bearer {FORGED}, Bearer {FORGED}"),
        *("Bearer null", "Bearer \x00", "Bearer eyJhbGciOiJIUzI1NiJ9.bnVsbA.AAAA"),
    ],
    ids=lambda header: ascii(header)[:30],
)
def test_authorization_that_is_none_of_ours_is_a_401(header, api, student):
    for path in ("/api/auth/me", "/api/student/submissions", "/api/configure/entries/"):
        answer = api(authorization=header).get(path)
        check_is_json(answer, header)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer a", "Bearer \xe4", "Basic YTpi", f"Bearer {FORGED}"])
def test_authorization_does_not_matter_where_everybody_may(header, api, student):
    assert api(authorization=header).get("/api/health").status_code == 200
    assert api(authorization=header).post("/api/auth/login/json", SIGN_IN).status_code == 200


def test_two_tokens_are_none(api, student, configurator):
    first, second = (
        api(user).headers["authorization"].removeprefix("Bearer ")
        for user in (student, configurator)
    )
    for header in (f"Bearer {first} {second}", f"Bearer {first}, Bearer {second}"):
        assert api(authorization=header).get("/api/auth/me").status_code == 401


def test_refresh_token_gives_no_access(api, student):
    answer = api().post("/api/auth/login/json", SIGN_IN)
    refresh = answer.json()["refresh_token"]
    assert api(authorization=f"Bearer {refresh}").get("/api/auth/me").status_code == 401
    access = answer.json()["access_token"]
    assert api().post("/api/auth/refresh", {"refresh_token": access}).status_code == 401


ODD_HEADERS = {
    "accept": ["", "text/html", "application/xml;q=1", "*/*;q=0", "\xe4", "a" * 5000],
    "accept-language": ["xx-YY-zz", "de;q=nonsense", "\xe4", "a," * 2000],
    "accept-encoding": ["gzip;q=nonsense", "identity;q=0"],
    "range": ["bytes=0-10", "bytes=9-1", "nonsense"],
    "x-http-method-override": ["DELETE", "TRACE", "nonsense"],
    "x-forwarded-for": ["1.2.3.4", "nonsense", ",,,", "\xe4", "::1, 1.2.3.4", "a" * 5000],
    "x-forwarded-host": ["evil.example"],
    "x-forwarded-proto": ["gopher"],
    "if-none-match": ["*,", '"', "W/", "\xe4", '"a' * 2000],
    "if-modified-since": ["yesterday", "Thu, 99 Foo 9999 99:99:99 GMT"],
    "user-agent": ["", "\xe4", "a" * 5000, "'; DROP TABLE accounts_user; --"],
    "cookie": ["sessionid=nonsense", "\xe4", "=;=;", "csrftoken=" + "a" * 5000],
    "origin": ["null", "evil.example", "\xe4", "https://[::1"],
    "referer": ["nonsense", "\xe4"],
    "hx-request": ["true", "\xe4"],
    "expect": ["nonsense"],
    "x-requested-with": ["XMLHttpRequest"],
}


@pytest.mark.parametrize("header", ODD_HEADERS)
def test_header_with_any_value_does_no_harm(header, api, student, submission):
    for value in ODD_HEADERS[header]:
        told = api(student, **{header: value}).get("/api/student/submissions")
        check_is_json(told, value)
        assert told.status_code == 200, value
        assert [row["submission_id"] for row in told.json()] == [str(submission.pk)]
        answer = api(**{header: value}).post("/api/auth/login/json", {**SIGN_IN, "password": "x"})
        check_is_json(answer, value)
        assert answer.status_code == 401, value


@pytest.mark.parametrize("proxies", [1, 2])
@pytest.mark.parametrize("value", ["", "nonsense", "1.2.3.4:567", "[::1]:8", "unknown", "\xe4,,"])
def test_proxy_that_names_no_address_does_no_harm(proxies, value, api, student, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}
    settings.THROTTLES = {**settings.THROTTLES, "sign_in": "1000/min"}
    client = api(x_forwarded_for=value)
    assert client.post("/api/auth/login/json", {**SIGN_IN, "password": "x"}).status_code == 401
    assert client.post("/api/auth/login/json", SIGN_IN).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "", "a b", "localhost:port", "\xe4", "a" * 500])
def test_host_that_is_not_ours_is_a_400_in_json(host, api):
    answer = api(host=host).get("/api/auth/users")
    check_is_json(answer, host)
    assert answer.status_code in {400, 401}


@pytest.mark.usefixtures("nothing_written")
def test_if_match_of_any_shape_changes_nothing(ask, ids):
    names = [name for name in OPERATIONS if name.startswith("PUT")]
    names.append("POST /api/configure/outcomes/{outcome_id}/release")
    keys = ['"', "W/", 'W/"', "\xe4", '""', "null", "**", '"a" "b"', "'a'", "a," * 5000, "\\"]
    for name, key in itertools.product(names, keys):
        body = filled(BODIES.get(name), ids)
        answer = ask(OPERATIONS[name], key, body, **{"If-Match": key})
        assert answer.status_code == 412, f"{name} {key}"
        assert answer.json()["detail"].startswith("This changed since you read it.")


@pytest.mark.parametrize("key", ["\xe4", "a b", '"', "'; --", "{}", "a" * 255])
def test_idempotency_key_is_any_word(key, ask, ids):
    name = "POST /api/student/entries/{entry_id}/submit"
    answers = [ask(OPERATIONS[name], key, BODIES[name], **{"Idempotency-Key": key}) for _i in "12"]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["submission_id"] == answers[1].json()["submission_id"]


def test_post_by_a_browser_of_another_site_is_refused_in_json(student, entry):
    client = Client(enforce_csrf_checks=True)
    client.force_login(student)
    answer = client.post(f"/api/student/entries/{entry.pk}/submit", {"content": "a"}, JSON)
    check_is_json(answer, "CSRF")
    assert answer.status_code == 403
