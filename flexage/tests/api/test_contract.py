"""The contract that deployed clients speak: addresses, methods, statuses, shapes, lists, errors."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from components.models import Enrollment
from components.tests.factories import ComponentFactory, EnrollmentFactory, EntryFactory
from grading.tests.factories import make_submission, make_webhook

# The contract in its own words; `?` may be null, `[...]` is a list.
SHAPES = {
    "Token": "access_token:text token_type:text",
    "Message": "message:text",
    "User": "user_id:id username:text email:text? full_name:text role:role is_active:flag "
    "created_at:time updated_at:time",
    "Component": "comp_id:id comp_name:text general_instructions:text created_at:time "
    "updated_at:time",
    "Entry": "entry_id:id flex_age_comp_id:id entry_title:text instructions:text "
    "rubric_definition:object created_at:time updated_at:time",
    "StudentEntry": "Entry student_state:FullState",
    "NamedSubmission": "submission_id:id entry_id:id student_user_id:id student_name:text "
    "submission_title:text content:text submitted_at:time",
    "Submission": "NamedSubmission outcome:Outcome?",
    "Outcome": "outcome_id:id submission_id:id outcome_data:OutcomeData is_llm_generated:flag "
    "generated_at:time",
    "OutcomeData": "feedback_text:text score:number llm_confidence:percent max_score:number "
    "criteria:[object] provenance:object",
    "FullState": "state_id:id entry_id:id student_user_id:id status:status created_at:time "
    "updated_at:time submission:Submission?",
    "Progress": "submission_id:id status:text",
}
CONTRACT = """
POST   auth/login/json                                         200 Token
GET    auth/me                                                 200 User
POST   auth/register                                           201 User
GET    auth/users                                              200 [User]
POST   auth/enroll                                             200 Message
DELETE auth/enroll                                             200 Message
POST   configure/flexagecomps                                  201 Component
GET    configure/flexagecomps                                  200 [Component]
GET    configure/flexagecomps/{comp_id}                        200 Component
PUT    configure/flexagecomps/{comp_id}                        200 Component
DELETE configure/flexagecomps/{comp_id}                        200 Component
GET    configure/flexagecomps/{comp_id}/entries                200 [Entry]
GET    configure/flexagecomps/{comp_id}/students               200 [User]
GET    configure/flexagecomps/{comp_id}/enrolled_students      200 [User]
POST   configure/entries                                       201 Entry
GET    configure/entries                                       200 [Entry]
GET    configure/entries?flex_age_comp_id={comp_id}            200 [Entry]
GET    configure/entries/{entry_id}                            200 Entry
PUT    configure/entries/{entry_id}                            200 Entry
DELETE configure/entries/{entry_id}                            200 Entry
GET    configure/entries/{entry_id}/submissions                200 [Submission]
GET    configure/entries/{entry_id}/student_states             200 [FullState]
GET    configure/submissions                                   200 [NamedSubmission]
GET    configure/submissions?entry_id={entry_id}               200 [NamedSubmission]
GET    configure/submissions?student_user_id={student_id}      200 [NamedSubmission]
GET    configure/submissions/{submission_id}                   200 Submission
POST   configure/submissions/{new_id}/generate-outcome         202 Progress
POST   configure/submissions/{new_id}/generate_outcome         202 Progress
POST   configure/submissions/{submission_id}/generate_outcome?force_regenerate=true 202 Progress
GET    configure/outcomes/{outcome_id}                         200 Outcome
PUT    configure/outcomes/{outcome_id}                         200 Outcome
GET    student/flexagecomps                                    200 [Component]
GET    student/flexagecomps/{comp_id}/entries                  200 [StudentEntry]
GET    student/entries/{entry_id}                              200 StudentEntry
POST   student/entries/{entry_id}/submit                       201 NamedSubmission
GET    student/entries/{entry_id}/submissions                  200 [Submission]
GET    student/submissions                                     200 [Submission]
GET    student/submissions/{submission_id}                     200 Submission
"""
ROWS = [line.split() for line in CONTRACT.strip().splitlines()]
WITH_AN_ID = sorted({row[1] for row in ROWS if "_id}" in row[1] and "?" not in row[1]})
ROLES = {"student", "configurator", "admin"}
STATUSES = {"not_submitted", "submitted_processing", "outcome_available"}


def is_time(value):
    return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


CHECKS: dict[str, Any] = {
    "text": lambda value: isinstance(value, str),
    "flag": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "number": is_number,
    "percent": lambda value: is_number(value) and 0 <= value <= 100,
    "id": lambda value: str(UUID(value)) == value,
    "time": is_time,
    "role": lambda value: value in ROLES,
    "status": lambda value: value in STATUSES,
}


def assert_shape(value: Any, shape: str, place: str = "answer") -> None:
    """`value` has at least what the contract says, of the right type."""
    if shape.endswith("?"):
        if value is not None:
            assert_shape(value, shape[:-1], place)
    elif shape.startswith("["):
        assert isinstance(value, list), place
        assert value, f"{place}: nothing to look at"
        for index, item in enumerate(value):
            assert_shape(item, shape[1:-1], f"{place}[{index}]")
    elif shape in SHAPES:
        for field in SHAPES[shape].split():
            name, _colon, kind = field.partition(":")
            if kind:
                assert_shape(value[name], kind, f"{place}.{name}")
            else:
                assert_shape(value, name, place)
    else:
        assert CHECKS[shape](value), f"{place}: {value!r} is no {shape}"


@pytest.fixture
def world(submission, entry, student):
    """What the contract's addresses name. `{new_id}` waits to be graded."""
    new = make_submission(entry, UserFactory(username="new", enrolled_in=entry.component))
    return {
        "comp_id": entry.component_id,
        "entry_id": entry.pk,
        "submission_id": submission.pk,
        "outcome_id": submission.outcome.pk,
        "student_id": student.pk,
        "new_id": new.pk,
    }


@pytest.fixture
def bodies(world):
    enrolled = {
        "student_user_id": str(world["student_id"]),
        "flex_age_comp_id": str(world["comp_id"]),
    }
    return {
        "POST auth/login/json": {"username": "student", "password": PASSWORD},
        "POST auth/register": {"username": "fresh", "password": "seven green kites"},
        "POST auth/enroll": {**enrolled, "student_user_id": str(UserFactory().pk)},
        "DELETE auth/enroll": enrolled,
        "POST configure/flexagecomps": {"comp_name": "Fresh"},
        "PUT configure/flexagecomps/{comp_id}": {"comp_name": "Changed"},
        "POST configure/entries": {**enrolled, "entry_title": "Fresh"},
        "PUT configure/entries/{entry_id}": {"entry_title": "Changed"},
        "PUT configure/outcomes/{outcome_id}": {"outcome_data": {"score": 3}},
        "POST student/entries/{entry_id}/submit": {
            "submission_title": "Mine", "content": "Plants eat light.",
        },
    }  # fmt: skip


@pytest.mark.parametrize("slash", ["", "/"], ids=["bare", "slash"])
@pytest.mark.parametrize(("method", "path", "status", "shape"), ROWS)
def test_contract_is_kept_with_and_without_the_trailing_slash(
    api, world, bodies, configurator, student, method, path, status, shape, slash
):
    place, question, query = path.format(**world).partition("?")
    client = api(student if path.startswith("student/") else configurator)
    url = f"/api/{place}{slash}{question}{query}"
    response = client.send(method.lower(), url, bodies.get(f"{method} {path}"))
    # Not even a redirect to the other spelling: it would lose the body of a POST.
    assert response.status_code == int(status), response.content
    assert response["Content-Type"] == "application/json"
    assert_shape(response.json(), shape)
    if shape.startswith("["):
        assert response["X-Total-Count"] == str(len(response.json()))
    if method == "GET":
        head = client.send("head", url)
        assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("path", WITH_AN_ID)
@pytest.mark.parametrize(
    "key", ["00000000-0000-0000-0000-000000000000", "x", "1", "%00", "é", "{}", "%2e%2e", "null"]
)
def test_unknown_or_malformed_id_is_404(api, admin, student, path, key):
    methods = [method for method, known, *_rest in ROWS if known == path]
    client = api(student if path.startswith("student/") else admin)
    for method in methods:
        response = client.send(method.lower(), f"/api/{re.sub('{.*?}', key, path)}", {})
        assert response.status_code == 404
        assert isinstance(response.json()["detail"], str)


# --- lists ---------------------------------------------------------------------
LISTS = [path for _m, path, _status, shape in ROWS if shape[0] == "[" and "?" not in path]
SIZE = 5


@pytest.fixture
def many(configurator, student):
    """Five of everything that there is a list of."""
    components = [ComponentFactory(configurators=[configurator]) for _n in range(SIZE)]
    for component in components:
        EnrollmentFactory(component=component, student=student)
    first = components[0]
    entries = [EntryFactory(component=first) for _n in range(SIZE)]
    students = [UserFactory(enrolled_in=first) for _n in range(SIZE - 1)]
    for _n in range(SIZE):
        make_webhook(first)
    for person in [student] * SIZE + students:
        make_submission(entries[0], person)
    return {
        "comp_id": first.pk, "entry_id": entries[0].pk, "webhook_id": first.webhooks.first().pk,
    }  # fmt: skip


def links_of(response):
    header = response.get("Link", "")
    return {rel: url for url, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', header)}


def pages_from(client, url, rel):
    """The lists that following a link leads to, the first one included."""
    pages: list[Any] = []
    while url:
        assert len(pages) < 50
        response = client.get(url.removeprefix("http://testserver"))
        assert response.status_code == 200
        pages.append(response.json())
        url = links_of(response).get(rel)
    return pages


@pytest.mark.parametrize(
    "path", [*LISTS, "configure/webhooks", "configure/webhooks/{webhook_id}/deliveries"]
)
def test_list_is_walked_by_its_links(api, many, configurator, student, path):
    client = api(student if path.startswith("student/") else configurator)
    url = f"/api/{path.format(**many)}"
    answer = client.get(url)
    rows, total = answer.json(), answer["X-Total-Count"]
    assert "Link" not in answer
    assert len(rows) == int(total) >= SIZE
    pages = pages_from(client, f"{url}?limit=2", "next")
    assert [row for page in pages for row in page] == rows
    assert [len(page) for page in pages[:-1]] == [2] * (len(pages) - 1)
    last = (len(pages) - 1) * 2
    back = pages_from(client, f"{url}?limit=2&skip={last}", "prev")
    assert [row for page in reversed(back) for row in page] == rows
    part = client.get(url, {"skip": 1, "limit": 3})
    assert part.json() == rows[1:4]
    assert part["X-Total-Count"] == total
    assert set(links_of(part)) == {"next", "prev"}


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("name", ["skip", "limit"])
def test_impossible_page_is_400_that_names_the_parameter(
    api, many, configurator, student, path, name
):
    client = api(student if path.startswith("student/") else configurator)
    for value in ("-1", "x", "", "1.5", "1e3", "0x1", " 1", "٣", "1;2", "None"):
        response = client.get(f"/api/{path.format(**many)}", {name: value})
        assert response.status_code == 400, value
        assert list(response.json()) == [name]
        assert isinstance(response.json()[name], list)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query",
    [{"skip": 1000}, {"skip": 2**63}, {"skip": "9" * 400}, {"limit": 0}, {"limit": 0, "skip": 3}],
)
def test_page_without_anything_is_an_empty_list(api, many, configurator, student, path, query):
    client = api(student if path.startswith("student/") else configurator)
    url = f"/api/{path.format(**many)}"
    response = client.get(url, query)
    assert (response.status_code, response.json()) == (200, [])
    assert response["X-Total-Count"] == client.get(url)["X-Total-Count"]


def test_page_is_a_hundred_unless_asked_and_a_thousand_at_most(api, admin):
    people = [User(username=f"p{n:04}", email=f"p{n}@example.org") for n in range(1100)]
    User.objects.bulk_create(people)
    client = api(admin)
    queries = ["", "?limit=1000", "?limit=1001", f"?limit={2**70}", "?skip=1000&limit=5000"]
    sizes = [len(client.get(f"/api/auth/users{query}").json()) for query in queries]
    assert sizes == [100, 1000, 1000, 1000, 101]
    clamped = client.get("/api/auth/users?limit=5000")
    assert "limit=1000" in links_of(clamped)["next"]
    assert clamped["X-Total-Count"] == "1101"


def test_links_keep_the_filters(api, many, configurator):
    url = f"/api/configure/submissions?entry_id={many['entry_id']}&status=queued&limit=2"
    pages = pages_from(api(configurator), url, "next")
    assert [len(page) for page in pages] == [2, 2, 2, 2, 1]
    response = api(configurator).get(url)
    assert f"entry_id={many['entry_id']}" in links_of(response)["next"]
    assert "status=queued" in links_of(response)["next"]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("configure/entries", "flex_age_comp_id"),
        ("configure/submissions", "entry_id"),
        ("configure/submissions", "student_user_id"),
    ],
)
def test_filter_of_the_contract_narrows_a_list(
    api, world, configurator, path, parameter, component
):
    """Something else is there that the filter leaves away."""
    other = EntryFactory(component=ComponentFactory(configurators=[configurator]))
    make_submission(other)
    client = api(configurator)
    everything = client.get(f"/api/{path}").json()
    wanted = everything[-1][parameter]
    narrowed = client.get(f"/api/{path}", {parameter: wanted}).json()
    assert narrowed == [row for row in everything if row[parameter] == wanted]
    assert 0 < len(narrowed) < len(everything)
    unknown = client.get(f"/api/{path}", {parameter: str(UUID(int=0))})
    assert (unknown.status_code, unknown.json()) == (200, [])
    malformed = client.get(f"/api/{path}", {parameter: "x"})
    assert (malformed.status_code, list(malformed.json())) == (400, [parameter])


# --- errors --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "path", "body", "fields"),
    [
        ("post", "auth/register", {}, {"username", "password"}),
        ("post", "auth/enroll", {}, {"student_user_id", "flex_age_comp_id"}),
        ("post", "auth/enroll", {"student_user_id": "x", "flex_age_comp_id": 1},
         {"student_user_id", "flex_age_comp_id"}),
        ("delete", "auth/enroll", {}, {"student_user_id", "flex_age_comp_id"}),
        ("post", "configure/flexagecomps", {}, {"comp_name"}),
        ("post", "configure/flexagecomps", {"comp_name": "  "}, {"comp_name"}),
        ("post", "configure/flexagecomps", {"comp_name": "x" * 256}, {"comp_name"}),
        ("put", "configure/flexagecomps/{comp_id}", {"comp_name": None}, {"comp_name"}),
        ("put", "configure/flexagecomps/{comp_id}", {"general_instructions": 1},
         {"general_instructions"}),
        ("post", "configure/entries", {}, {"flex_age_comp_id", "entry_title"}),
        ("put", "configure/entries/{entry_id}", {"entry_title": ["x"]}, {"entry_title"}),
        ("put", "configure/entries/{entry_id}", {"rubric_definition": []}, {"rubric_definition"}),
        ("put", "configure/outcomes/{outcome_id}", {"is_llm_generated": "no"},
         {"is_llm_generated"}),
        ("put", "configure/outcomes/{outcome_id}", {"outcome_data": 3}, {"outcome_data"}),
    ],
)  # fmt: skip
def test_invalid_input_is_400_with_messages_by_field(
    api, world, configurator, method, path, body, fields
):
    response = api(configurator).send(method, f"/api/{path.format(**world)}", body)
    assert response.status_code == 400
    assert set(response.json()) == fields
    if body != {"outcome_data": 3}:  # says what is wrong inside of it, one level deeper
        assert all(isinstance(text, str) for texts in response.json().values() for text in texts)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "content"),
        ({"content": None}, "content"),
        ({"content": ""}, "content"),
        ({"content": " <p>&nbsp;</p>\u200b "}, "content"),
        ({"content": 7}, "content"),
        ({"content": "x" * 100_001}, "content"),
        ({"content": "x\u0000y"}, "content"),
        ({"content": "x", "submission_title": "t" * 256}, "submission_title"),
        ({"content": "x", "submission_title": 1}, "submission_title"),
    ],
)
def test_answer_that_cannot_be_taken_is_400_by_field(api, entry, student, body, field):
    response = api(student).post(f"/api/student/entries/{entry.pk}/submit", body)
    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert isinstance(response.json()[field], list)
    assert api(student).get("/api/student/submissions").json() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"1", b"null", b"\xff", b"{'a': 1}"])
def test_body_that_is_no_object_is_400(api, configurator, body):
    for path in ("auth/register", "auth/enroll", "configure/flexagecomps", "configure/entries"):
        response = api(configurator).post(f"/api/{path}", body)
        assert response.status_code == 400
        assert response.json()


def test_conflict_is_409_with_a_detail(api, entry, student):
    client = api(student, idempotency_key="once")
    path = f"/api/student/entries/{entry.pk}/submit"
    assert client.post(path, {"content": "One."}).status_code == 201
    response = client.post(path, {"content": "Two."})
    assert response.status_code == 409
    assert isinstance(response.json()["detail"], str)


# --- handing in ----------------------------------------------------------------
def test_submitted_answer_is_stored_at_once_and_graded_behind_it(api, entry, student):
    body = {"submission_title": "Mine", "content": "<p>Plants eat <b>light</b>.</p>"}
    sent = api(student).post(f"/api/student/entries/{entry.pk}/submit", body).json()
    assert {key: sent[key] for key in body} == body
    assert (sent["outcome"], sent["student_name"]) == (None, student.display_name)
    assert api(student).get(f"/api/student/submissions/{sent['submission_id']}").json() == sent
    state = api(student).get(f"/api/student/entries/{entry.pk}").json()["student_state"]
    assert (state["status"], state["submission"]) == ("submitted_processing", sent)


def test_own_submissions_come_newest_first(api, entry, student):
    client = api(student)
    path = f"/api/student/entries/{entry.pk}"
    for text in ("One.", "Two.", "Three."):
        client.post(f"{path}/submit", {"content": text})
    rows = client.get(f"{path}/submissions").json()
    assert [row["content"] for row in rows] == ["Three.", "Two.", "One."]
    assert client.get("/api/student/submissions").json() == rows
    assert client.get(path).json()["student_state"]["submission"] == rows[0]


def test_staff_list_submissions_of_everybody_with_names(api, world, configurator):
    rows = api(configurator).get(f"/api/configure/entries/{world['entry_id']}/submissions").json()
    names = {user.display_name for user in User.objects.filter(submissions__isnull=False)}
    assert {row["student_name"] for row in rows} == names
    assert [row["outcome"] is None for row in rows] == [True, False]


# --- people and places ---------------------------------------------------------
def test_registered_user_is_a_student_who_can_sign_in(api, configurator):
    body = {"username": "mira.k", "password": "seven green kites"}
    response = api(configurator).post("/api/auth/register", body)
    user = response.json()
    assert (user["role"], user["is_active"], user["email"]) == ("student", True, None)
    assert "password" not in response.text
    assert api().post("/api/auth/login/json", body).status_code == 200


def test_registered_user_is_as_it_was_sent(api, configurator):
    about = {
        "username": "mira.k", "email": "mira@example.org", "full_name": "Mira K",
        "role": "configurator", "is_active": False,
    }  # fmt: skip
    secret = {"password": "seven green kites"}
    user = api(configurator).post("/api/auth/register", {**about, **secret}).json()
    assert {key: user[key] for key in about} == about
    assert user in api(configurator).get("/api/auth/users").json()
    signed_in = api().post("/api/auth/login/json", {"username": "mira.k", **secret})
    assert signed_in.status_code == 401


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "student"}, "username"),
        ({"username": "Student"}, "username"),
        ({"email": "student@example.org"}, "email"),
        ({"email": "STUDENT@example.org"}, "email"),
        ({"email": "no address"}, "email"),
        ({"username": "with space"}, "username"),
        ({"username": "x" * 101}, "username"),
        ({"password": "short"}, "password"),
        ({"password": "12345678901"}, "password"),
        ({"password": 12345678901}, "password"),
        ({"role": "teacher"}, "role"),
        ({"is_active": "yes"}, "is_active"),
    ],
)
def test_impossible_account_is_400_by_field(api, configurator, student, change, field):
    body = {"username": "fresh", "password": "seven green kites", **change}
    before = User.objects.count()
    response = api(configurator).post("/api/auth/register", body)
    assert response.status_code == 400
    assert list(response.json()) == [field]
    assert isinstance(response.json()[field], list)
    assert User.objects.count() == before


@pytest.mark.django_db
def test_users_without_an_address_are_not_duplicates(api, configurator):
    for name in ("one", "two"):
        body = {"username": name, "password": "seven green kites", "email": ""}
        assert api(configurator).post("/api/auth/register", body).status_code == 201


@pytest.mark.parametrize(
    ("who", "place", "enrolling", "unenrolling"),
    [
        ("outsider", "component", 200, 404),
        ("student", "component", 400, 200),
        ("configurator", "component", 400, 404),
        ("admin", "component", 400, 404),
        ("nobody", "component", 404, 404),
        ("student", "nowhere", 404, 404),
        ("nobody", "nowhere", 404, 404),
    ],
)
@pytest.mark.parametrize("method", ["post", "delete"])
def test_enrolling_and_taking_a_place_away(
    request, api, configurator, student, component, method, who, place, enrolling, unenrolling
):
    nothing = str(UUID(int=0))
    person = nothing if who == "nobody" else str(request.getfixturevalue(who).pk)
    body = {
        "student_user_id": person,
        "flex_age_comp_id": nothing if place == "nowhere" else str(component.pk),
    }
    before = set(Enrollment.objects.values_list("student_id", flat=True))
    response = api(configurator).send(method, "/api/auth/enroll", body)
    assert response.status_code == (enrolling if method == "post" else unenrolling)
    after = set(Enrollment.objects.values_list("student_id", flat=True))
    if response.status_code == 200:
        assert before ^ after == {UUID(person)}
        assert who in response.json()["message"]
    else:
        assert after == before
        assert isinstance(response.json()["detail"], str)
