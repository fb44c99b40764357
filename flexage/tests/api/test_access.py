"""Who may do what over the API: a table of every endpoint, tested cell by cell."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLResolver

from accounts.models import User
from accounts.services import set_active
from accounts.tests.factories import PASSWORD, UserFactory
from components.models import Enrollment
from components.services import unenroll_student
from components.tests.factories import ComponentFactory, EntryFactory
from flexage import api_urls
from grading.services.grading import request_regrade
from grading.services.webhooks import record_answer
from grading.tests.factories import (
    HOOK,
    claim_delivery,
    grade,
    make_submission,
    make_webhook,
    reply_text,
)

SECRET = "sesame"
"""Stands in everything that a request could wrongly give away."""
HELD = reply_text(1, confidence=5).replace("Well explained.", f"Held {SECRET}.")
RELEASED = reply_text().replace("Well explained.", f"Released {SECRET}.")

# own: the student enrolled, who submitted; out: a student enrolled nowhere; conf: in charge of the
# component; other: a configurator of another one; gone: `own` for the student's endpoints and
# `conf` for all others, deactivated after signing in. [] is a list without anything of another
# component. Of a bulk request, it is the status of the one row that it has.
TABLE = """
METHOD PATH                                                         anon own out conf other admin gone
POST   auth/login                                                    200 200 200  200   200   200  200
POST   auth/login/json                                               200 200 200  200   200   200  200
POST   auth/refresh                                                  200 200 200  200   200   200  200
GET    auth/me                                                       401 200 200  200   200   200  401
POST   auth/register                                                 401 403 403  201   201   201  401
POST   auth/register/bulk                                            401 403 403  201   201   201  401
GET    auth/users                                                    401 403 403  200   200   200  401
POST   auth/enroll                                                   401 403 403  200   404   200  401
DELETE auth/enroll                                                   401 403 403  200   404   200  401
POST   auth/enroll/bulk                                              401 403 403  200   404   200  401
GET    configure/flexagecomps/                                       401 403 403  200    []   200  401
POST   configure/flexagecomps/                                       401 403 403  201   201   201  401
GET    configure/flexagecomps/{comp_id}                              401 403 403  200   404   200  401
PUT    configure/flexagecomps/{comp_id}                              401 403 403  200   404   200  401
DELETE configure/flexagecomps/{comp_id}                              401 403 403  200   404   200  401
GET    configure/flexagecomps/{comp_id}/entries                      401 403 403  200   404   200  401
GET    configure/flexagecomps/{comp_id}/students                     401 403 403  200   404   200  401
GET    configure/flexagecomps/{comp_id}/enrolled_students            401 403 403  200   404   200  401
GET    configure/entries/                                            401 403 403  200    []   200  401
POST   configure/entries/                                            401 403 403  201   404   201  401
POST   configure/entries/bulk                                        401 403 403  201   404   201  401
GET    configure/entries/{entry_id}                                  401 403 403  200   404   200  401
PUT    configure/entries/{entry_id}                                  401 403 403  200   404   200  401
DELETE configure/entries/{entry_id}                                  401 403 403  200   404   200  401
GET    configure/entries/{entry_id}/submissions                      401 403 403  200   404   200  401
GET    configure/entries/{entry_id}/student_states                   401 403 403  200   404   200  401
GET    configure/entries/{entry_id}/results.csv                      401 403 403  200   404   200  401
GET    configure/submissions/                                        401 403 403  200    []   200  401
GET    configure/submissions/{submission_id}                         401 403 403  200   404   200  401
POST   configure/submissions/{submission_id}/generate-outcome        401 403 403  202   404   202  401
POST   configure/submissions/{submission_id}/generate_outcome        401 403 403  202   404   202  401
GET    configure/outcomes/{outcome_id}                               401 403 403  200   404   200  401
PUT    configure/outcomes/{outcome_id}                               401 403 403  200   404   200  401
POST   configure/outcomes/{outcome_id}/release                       401 403 403  200   404   200  401
GET    configure/webhooks                                            401 403 403  200    []   200  401
POST   configure/webhooks                                            401 403 403  201   404   201  401
GET    configure/webhooks/{webhook_id}                               401 403 403  200   404   200  401
PUT    configure/webhooks/{webhook_id}                               401 403 403  200   404   200  401
DELETE configure/webhooks/{webhook_id}                               401 403 403  200   404   200  401
GET    configure/webhooks/{webhook_id}/deliveries                    401 403 403  200   404   200  401
POST   configure/webhooks/{webhook_id}/deliveries/{delivery_id}/resend  401 403 403  200 404   200  401
GET    student/flexagecomps                                          401 200  []  403   403   403  401
GET    student/flexagecomps/{comp_id}/entries                        401 200 404  403   403   403  401
GET    student/entries/{entry_id}                                    401 200 404  403   403   403  401
POST   student/entries/{entry_id}/submit                             401 201 404  403   403   403  401
GET    student/entries/{entry_id}/submissions                        401 200 404  403   403   403  401
GET    student/submissions                                           401 200  []  403   403   403  401
GET    student/submissions/{submission_id}                           401 200 404  403   403   403  401
GET    health                                                        200 200 200  200   200   200  200
GET    ready                                                         200 200 200  200   200   200  200
GET    schema                                                        200 200 200  200   200   200  200
GET    docs                                                          200 200 200  200   200   200  200
GET    reference                                                     200 200 200  200   200   200  200
"""  # noqa: E501
HEADER, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
COLUMNS = HEADER[2:]
CELLS = [
    pytest.param(method, path, who, cell, id=f"{method}-{path}-{who}")
    for method, path, *cells in ROWS
    for who, cell in zip(COLUMNS, cells, strict=True)
]
LISTED = {(method, path) for method, path, *_cells in ROWS}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
READ_BY_STUDENTS = sorted(
    path for method, path in LISTED if method == "GET" and path.startswith("student/")
)
PAGES = {"schema", "docs", "reference"}


@pytest.fixture
def world(entry, student, outsider, configurator, stranger, admin, api):
    """One of everything in the component, full of secrets, and something that is the stranger's.

    `{outcome_id}` is held for a person, `{submission_id}` is released.
    """
    User.objects.filter(pk=student.pk).update(full_name=f"Sam {SECRET}")
    component = entry.component
    component.name = entry.title = f"The {SECRET}"
    component.save()
    entry.save()
    webhook = make_webhook(component, url=f"{HOOK}/{SECRET}")
    submission = make_submission(entry, student, title=f"My {SECRET}")
    grade(submission, RELEASED)
    held = grade(make_submission(entry, student, title=f"My {SECRET}"), HELD)
    delivery = webhook.deliveries.earliest("created_at")
    record_answer(claim_delivery(delivery), 200, SECRET)
    signed_in = api().post(
        "/api/auth/login/json", {"username": outsider.username, "password": PASSWORD}
    )
    other = EntryFactory(component=ComponentFactory(configurators=[stranger]))
    return {
        "comp_id": component.pk,
        "entry_id": entry.pk,
        "submission_id": submission.pk,
        "outcome_id": held.pk,
        "webhook_id": webhook.pk,
        "delivery_id": delivery.pk,
        "refresh_token": signed_in.json()["refresh_token"],
        "student_id": student.pk,
        "newcomer_id": UserFactory().pk,
        "username": outsider.username,
        "other_entry": other,
        "people": {
            "own": student, "out": outsider, "conf": configurator, "other": stranger,
            "admin": admin,
        },
    }  # fmt: skip


def sent(method: str, path: str, world: dict[str, Any]) -> Any:
    """The body with which the request is a valid one, from somebody who may."""
    component = str(world["comp_id"])
    newcomer = {"student_user_id": str(world["newcomer_id"]), "flex_age_comp_id": component}
    enrolled = {"student_user_id": str(world["student_id"]), "flex_age_comp_id": component}
    person = {"username": "fresh", "password": "seven green kites"}
    entry = {"flex_age_comp_id": component, "entry_title": "Fresh"}
    bodies: dict[str, Any] = {
        "POST auth/login": f"username={world['username']}&password={PASSWORD}".encode(),
        "POST auth/login/json": {"username": world["username"], "password": PASSWORD},
        "POST auth/refresh": {"refresh_token": world["refresh_token"]},
        "POST auth/register": person,
        "POST auth/register/bulk": {"rows": [person]},
        "POST auth/enroll": newcomer,
        "DELETE auth/enroll": enrolled,
        "POST auth/enroll/bulk": {"rows": [newcomer]},
        "POST configure/flexagecomps/": {"comp_name": "Fresh"},
        "PUT configure/flexagecomps/{comp_id}": {"comp_name": "Changed"},
        "POST configure/entries/": entry,
        "POST configure/entries/bulk": {"rows": [entry]},
        "PUT configure/entries/{entry_id}": {"entry_title": "Changed"},
        "PUT configure/outcomes/{outcome_id}": {"outcome_data": {"score": 1}},
        "POST configure/webhooks": {
            "flex_age_comp_id": component, "url": HOOK, "events": ["outcome.available"],
        },
        "PUT configure/webhooks/{webhook_id}": {"is_active": False},
        "POST student/entries/{entry_id}/submit": {"content": "Plants eat light."},
    }  # fmt: skip
    return bodies.get(f"{method} {path}")


def address(path: str, world: dict[str, Any]) -> str:
    query = "?force_regenerate=true" if "generate" in path else ""
    return f"/api/{path.format(**world)}{query}"


def contents():
    """Every row of our own tables, but for when somebody signed in last."""
    return {
        model._meta.label: [
            {name: value for name, value in row.items() if name != "last_login"}
            for row in model._base_manager.order_by("pk").values()
        ]
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in {"accounts", "components", "grading"}
    }


def client_of(api: Any, who: str, path: str, world: dict[str, Any]) -> Any:
    if who == "anon":
        return api()
    if who != "gone":
        return api(world["people"][who])
    person = world["people"]["own" if path.startswith("student/") else "conf"]
    client = api(person)
    set_active([person], is_active=False)
    return client


def outcome_of(response: Any, path: str) -> tuple[int, Any]:
    """Status and body; of a bulk request those of its row."""
    if response.streaming or not response["Content-Type"].startswith("application/json"):
        return response.status_code, None
    if path.endswith("/bulk") and response.status_code == 200:
        (result,) = response.json()["results"]
        return result["status"], result["body"]
    return response.status_code, response.json()


@pytest.mark.parametrize(("method", "path", "who", "cell"), CELLS)
def test_access_is_as_the_table_says(api, world, method, path, who, cell):
    client = client_of(api, who, path, world)
    form = {"content_type": "application/x-www-form-urlencoded"} if path == "auth/login" else {}
    before = contents()
    response = client.send(method.lower(), address(path, world), sent(method, path, world), **form)
    status, body = outcome_of(response, path)
    assert status == (200 if cell == "[]" else int(cell)), body
    if status < 400 and cell != "[]":
        reads = method == "GET" or path in {"auth/login", "auth/login/json", "auth/refresh"}
        # What is allowed takes effect: elsewhere it is not the body that is refused.
        assert (contents() == before) is reads
        return
    assert contents() == before
    assert SECRET not in response.text.lower()
    if cell != "[]":
        assert set(body) <= {"detail", "code"}
        assert body["detail"]
    if status == 401:
        assert response["WWW-Authenticate"].startswith("Bearer")


def endpoints(patterns, prefix=""):
    """Every route of the API with its view, written as in the table."""
    for pattern in patterns:
        route = prefix + re.sub(r"<id:(\w+)>", r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from endpoints(pattern.url_patterns, route)
        elif pattern.name != "not_found":
            yield route, pattern.callback


def methods_of(path: str, view: Any) -> set[str]:
    """What an endpoint answers to; a function is asked, a class shows it."""
    if hasattr(view, "view_class"):
        known = [name for name in view.view_class.http_method_names if name != "head"]
        return {name.upper() for name in known if hasattr(view.view_class, name)}
    answers = {method: Client().generic(method, f"/api/{path}").status_code for method in METHODS}
    return {method for method, status in answers.items() if status != 405}


@pytest.mark.django_db
def test_table_has_a_row_for_every_endpoint_and_method():
    routes = dict(endpoints(api_urls.urlpatterns))
    found = {(method, path) for path, view in routes.items() for method in methods_of(path, view)}
    assert found == LISTED
    assert len(LISTED) == len(ROWS)


@pytest.mark.django_db
@pytest.mark.parametrize("path", sorted({path for _method, path in LISTED}))
def test_method_that_is_not_there_is_405_with_a_detail(api, admin, student, path):
    client = api(student if path.startswith("student/") else admin)
    absent = [method for method in METHODS if (method, path) not in LISTED]
    for method in absent:
        response = client.send(method.lower(), f"/api/{path}", {})
        assert response.status_code == 405
        if path not in PAGES:
            assert response.json()["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["/api/", "/api/nothing", "/api/auth/", "/api/student/entries/"])
def test_unknown_address_is_404_with_a_detail_for_everybody(api, admin, method, path):
    for client in (api(), api(admin)):
        response = client.send(method.lower(), path)
        assert response.status_code == 404
        assert response.json()["detail"]


@pytest.mark.parametrize("parameter", ["flex_age_comp_id", "entry_id", "student_user_id", "search"])
def test_filter_shows_nobody_elses(api, world, stranger, parameter):
    ids = {"flex_age_comp_id": "comp_id", "entry_id": "entry_id", "student_user_id": "student_id"}
    value = world[ids[parameter]] if parameter in ids else SECRET
    for path in ("flexagecomps", "entries", "submissions", "webhooks"):
        response = api(stranger).get(f"/api/configure/{path}", {parameter: value})
        assert response.status_code == 200
        assert SECRET not in response.text.lower()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["register", "register/bulk"])
@pytest.mark.parametrize(("maker", "status"), [("configurator", 403), ("admin", 201)])
def test_only_an_admin_makes_an_admin(request, api, path, maker, status):
    client = api(request.getfixturevalue(maker))
    person = {"username": "boss", "password": "seven green kites", "role": "admin"}
    response = client.post(f"/api/auth/{path}", {"rows": [person]} if "bulk" in path else person)
    got, body = outcome_of(response, path)
    assert got == status
    assert User.objects.filter(username="boss").exists() is (status == 201)
    assert body["detail" if status == 403 else "user_id"]


@pytest.mark.parametrize("taken", [{"username": "ADMIN"}, {"email": "Admin@Example.org"}])
def test_configurator_cannot_take_over_an_admins_name(api, admin, configurator, taken):
    before = contents()
    person = {"username": "boss", "password": "seven green kites", **taken}
    response = api(configurator).post("/api/auth/register", person)
    assert response.status_code == 400
    assert list(response.json()) == list(taken)
    assert contents() == before


def test_configurator_cannot_edit_an_admin(api, admin, configurator):
    before = contents()
    change = {"is_active": False, "role": "student", "password": "seven green kites"}
    for path in (f"/api/auth/users/{admin.pk}", "/api/auth/users", "/api/auth/me"):
        for method in ("put", "post", "delete", "patch"):
            response = api(configurator).send(method, path, change)
            assert response.status_code in {404, 405}
    assert contents() == before


def test_delivery_is_found_under_its_own_webhook_only(api, world, stranger):
    own = make_webhook(world["other_entry"].component)
    path = f"/api/configure/webhooks/{own.pk}/deliveries/{world['delivery_id']}/resend"
    before = contents()
    assert api(stranger).post(path).status_code == 404
    assert contents() == before


def test_entry_and_webhook_stay_in_their_component(api, world, stranger, configurator, component):
    """Nobody moves what is theirs into a component of somebody else."""
    own = make_webhook(world["other_entry"].component)
    moved = {"flex_age_comp_id": str(component.pk)}
    before = contents()
    for path in (f"entries/{world['other_entry'].pk}", f"webhooks/{own.pk}"):
        response = api(stranger).put(f"/api/configure/{path}", moved)
        assert response.status_code == 400
        assert list(response.json()) == ["flex_age_comp_id"]
    assert contents() == before


def test_webhook_never_shows_its_secret_again(api, world, configurator, admin):
    for user in (configurator, admin):
        for path in ("webhooks", f"webhooks/{world['webhook_id']}"):
            assert "secret" not in api(user).get(f"/api/configure/{path}").text


def test_classmate_sees_nothing_of_anothers_submissions(api, world, component):
    classmate = UserFactory(enrolled_in=component)
    client = api(classmate)
    assert client.get(f"/api/student/submissions/{world['submission_id']}").status_code == 404
    assert client.get("/api/student/submissions").json() == []
    assert client.get(f"/api/student/entries/{world['entry_id']}/submissions").json() == []
    state = client.get(f"/api/student/entries/{world['entry_id']}").json()["student_state"]
    assert (state["status"], state["submission"]) == ("not_submitted", None)


@pytest.mark.parametrize("path", READ_BY_STUDENTS)
def test_unreleased_outcome_is_in_nothing_that_a_student_reads(api, entry, student, path):
    submission = make_submission(entry, student)
    held = grade(submission, HELD)
    ids = {"comp_id": entry.component_id, "entry_id": entry.pk, "submission_id": submission.pk}
    response = api(student).get(f"/api/{path.format(**ids)}")
    assert response.status_code == 200
    assert SECRET not in response.text.lower()
    assert str(held.pk) not in response.text
    assert "outcome_available" not in response.text
    assert "needs_" not in response.text


def test_held_outcome_is_still_processing_for_the_student(api, entry, student):
    submission = make_submission(entry, student)
    grade(submission, HELD)
    state = api(student).get(f"/api/student/entries/{entry.pk}").json()["student_state"]
    assert state["status"] == "submitted_processing"
    assert state["submission"]["submission_id"] == str(submission.pk)
    assert state["submission"]["outcome"] is None


def test_held_outcome_is_marked_for_staff(api, entry, student, configurator, admin):
    submission = make_submission(entry, student)
    held = grade(submission, HELD)
    for user in (configurator, admin):
        client = api(user)
        read = client.get(f"/api/configure/submissions/{submission.pk}").json()
        assert read["status"] == "needs_person"
        assert read["outcome"]["needs_review"] is True
        assert read["outcome"]["review_reasons"] == ["low_confidence"]
        assert read["outcome"]["released_at"] is None
        assert client.get(f"/api/configure/outcomes/{held.pk}").json() == read["outcome"]
        (state,) = client.get(f"/api/configure/entries/{entry.pk}/student_states").json()
        # The state says what the student may know; its outcome is what staff see.
        assert state["status"] == "submitted_processing"
        assert state["submission"]["outcome"] == read["outcome"]


def test_what_was_released_stays_the_students_while_a_new_evaluation_is_held(
    api, submission, student, configurator
):
    request_regrade(submission, by=configurator)
    grade(submission, HELD)
    seen = api(student).get(f"/api/student/submissions/{submission.pk}").json()["outcome"]
    in_force = api(configurator).get(f"/api/configure/submissions/{submission.pk}").json()
    assert seen["outcome_data"]["feedback_text"] == "<p>Well explained.</p>"
    assert SECRET in in_force["outcome"]["outcome_data"]["feedback_text"]
    assert in_force["outcome"]["needs_review"] is True


def test_release_shows_the_student_what_was_held(api, entry, student, configurator):
    submission = make_submission(entry, student)
    held = grade(submission, HELD)
    released = api(configurator).post(f"/api/configure/outcomes/{held.pk}/release").json()
    assert (released["needs_review"], released["is_llm_generated"]) == (False, True)
    state = api(student).get(f"/api/student/entries/{entry.pk}").json()["student_state"]
    assert state["status"] == "outcome_available"
    assert SECRET in state["submission"]["outcome"]["outcome_data"]["feedback_text"]
    again = api(configurator).post(f"/api/configure/outcomes/{held.pk}/release")
    assert (again.status_code, again.json()["code"]) == (400, "nothing_to_release")


def test_student_who_left_keeps_submissions_but_not_the_entry(
    api, component, entry, submission, student, configurator
):
    unenroll_student(component, student, by=configurator)
    client = api(student)
    own = client.get(f"/api/student/submissions/{submission.pk}")
    assert own.status_code == 200
    assert client.get("/api/student/submissions").json() == [own.json()]
    assert client.get("/api/student/flexagecomps").json() == []
    for path in (f"flexagecomps/{component.pk}/entries", f"entries/{entry.pk}"):
        assert client.get(f"/api/student/{path}").status_code == 404
    path = f"/api/student/entries/{entry.pk}"
    assert client.get(f"{path}/submissions").status_code == 404
    assert client.post(f"{path}/submit", {"content": "One more."}).status_code == 404


def test_configurator_taken_off_a_component_loses_it_at_once(api, component, configurator, admin):
    client = api(configurator)
    path = f"/api/configure/flexagecomps/{component.pk}"
    assert client.get(path).status_code == 200
    component.configurators.set([admin])
    assert client.get(path).status_code == 404


def test_student_cannot_submit_by_a_role_change_that_was_taken_back(api, entry, student):
    """Role and enrollment are looked up with each request; no token carries them."""
    client = api(student)
    User.objects.filter(pk=student.pk).update(role="configurator")
    assert client.get(f"/api/student/entries/{entry.pk}").status_code == 403
    assert client.get("/api/configure/submissions/").json() == []


# --- the session of the browser ------------------------------------------------
def browser_of(user):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    return browser


def test_session_reads_like_a_token(api, world, student, configurator):
    for user, path in (
        (student, "student/submissions"),
        (configurator, "configure/submissions/"),
        (configurator, "auth/me"),
    ):
        by_session = browser_of(user).get(f"/api/{path}")
        assert by_session.status_code == 200
        assert by_session.json() == api(user).get(f"/api/{path}").json()


@pytest.mark.parametrize(
    ("method", "path"), [("post", "enroll"), ("delete", "enroll"), ("post", "register")]
)
def test_session_writes_only_with_a_csrf_token(component, configurator, outsider, method, path):
    browser = browser_of(configurator)
    if method == "delete":
        Enrollment.objects.create(component=component, student=outsider)
    body = {
        "student_user_id": str(outsider.pk),
        "flex_age_comp_id": str(component.pk),
        "username": "fresh",
        "password": "seven green kites",
    }
    before = contents()

    def write(**headers):
        send = getattr(browser, method)
        return send(f"/api/auth/{path}", body, "application/json", headers=headers)

    for headers in ({}, {"X-CSRFToken": "wrong" * 13}):
        refused = write(**headers)
        assert refused.status_code == 403
        assert refused.json()["detail"]
        assert contents() == before
    browser.get("/api/docs")  # the page that writes from the browser brings the token along
    done = write(**{"X-CSRFToken": browser.cookies["csrftoken"].value})
    assert done.status_code < 300
    assert contents() != before


def test_token_needs_no_csrf_token_even_with_a_session(api, component, configurator, outsider):
    browser = browser_of(configurator)
    body = {"student_user_id": str(outsider.pk), "flex_age_comp_id": str(component.pk)}
    headers = api(configurator).headers
    response = browser.post("/api/auth/enroll", body, "application/json", headers=headers)
    assert response.status_code == 200


def test_bad_token_is_refused_even_with_a_session(configurator):
    """A client that sends a token means it; somebody else's session is no way around."""
    response = browser_of(configurator).get(
        "/api/auth/me", headers={"authorization": "Bearer not.a.token"}
    )
    assert response.status_code == 401
