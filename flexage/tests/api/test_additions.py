"""What the API offers beyond its contract: filters, bulk, keys, ETags, webhooks, health."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from components.models import Component, Enrollment, Entry
from components.services import update_component, update_entry
from components.tests.factories import (
    RUBRIC,
    ComponentFactory,
    EnrollmentFactory,
    EntryFactory,
)
from grading.engine.errors import ErrorCode, GradingError
from grading.models import Outcome, Submission, Webhook
from grading.services.grading import request_regrade
from grading.services.outcomes import override_outcome, release_outcome
from grading.services.runs import record_failure
from grading.services.webhooks import record_answer
from grading.services.workers import beat
from grading.tests.concurrency import in_threads
from grading.tests.conftest import _database_of_its_own, shared_database  # noqa: F401
from grading.tests.factories import (
    HOOK,
    claim,
    claim_delivery,
    grade,
    make_delivery,
    make_submission,
    make_webhook,
    reply_text,
)

pytestmark = pytest.mark.django_db
HELD = reply_text(1, confidence=5)
SUBMISSIONS = "/api/configure/submissions/"
USERS = "/api/auth/users"


def fail(submission):
    record_failure(claim(submission), GradingError(ErrorCode.TOO_LONG, "it broke"))


@pytest.fixture
def seen(api, configurator):
    """The values of a field in a list, as the configurator reads it."""

    def seen(path, field, **query):
        answer = api(configurator).get(path, query)
        assert answer.status_code == 200, answer.content
        assert answer["X-Total-Count"] == str(len(answer.json()))
        return [row[field] for row in answer.json()]

    return seen


# --- filters and orders --------------------------------------------------------
@pytest.fixture
def four(entry):
    """Submissions in each status, handed in on four days, by a, b, c and d."""
    made = {}
    for name, title, advance in (
        ("a", "100%_", grade),
        ("b", "Water", lambda submission: grade(submission, HELD)),
        ("c", "plants and light", claim),
        ("d", "Plants", lambda submission: None),
    ):
        student = UserFactory(username=name, full_name=name.upper(), enrolled_in=entry.component)
        made[name] = make_submission(entry, student, title=title)
        advance(made[name])
    for day, name in enumerate("dcba", start=1):
        moment = datetime(2026, 1, day, 12, tzinfo=UTC)
        Submission.objects.filter(pk=made[name].pk).update(submitted_at=moment)
    return made


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, "ABCD"),
        ({"status": "queued"}, "D"),
        ({"status": "grading"}, "C"),
        ({"status": "needs_person"}, "B"),
        ({"status": "released"}, "A"),
        ({"needs_review": "true"}, "B"),
        ({"needs_review": "false"}, "A"),
        ({"submitted_after": "2026-01-03T12:00:00Z"}, "AB"),
        ({"submitted_before": "2026-01-03T12:00:00Z"}, "CD"),
        ({"submitted_after": "2026-01-03T13:00:00+01:00"}, "AB"),
        ({"submitted_after": "2026-01-03T13:00:00.000001+01:00"}, "A"),
        ({"submitted_after": "2026-01-02T13:00Z", "submitted_before": "2026-01-04T00:00Z"}, "B"),
        ({"min_score": "15"}, "A"),
        ({"min_score": "0"}, "AB"),
        ({"max_score": "14.99"}, "B"),
        ({"min_score": "7.123456", "max_score": "15"}, "AB"),
        ({"min_score": "15.01"}, ""),
        ({"search": "PLANTS"}, "CD"),
        ({"search": "%_"}, "A"),
        ({"search": ""}, "ABCD"),
        ({"status": ""}, "ABCD"),
        ({"ordering": "submitted_at"}, "DCBA"),
        ({"ordering": "-submitted_at"}, "ABCD"),
        ({"ordering": "student_name"}, "ABCD"),
        ({"ordering": "-student_name"}, "DCBA"),
        ({"ordering": "score,student_name"}, "BACD"),
        ({"ordering": "-score,-student_name"}, "ABDC"),
        ({"status": "released", "needs_review": "true"}, ""),
    ],
    ids=str,
)  # fmt: skip
def test_submissions_are_narrowed_and_ordered(query, names, four, seen, entry):
    for path in (SUBMISSIONS, f"/api/configure/entries/{entry.pk}/submissions"):
        assert "".join(seen(path, "student_name", **query)) == names


def test_submissions_of_one_entry_or_student(four, seen, entry, component):
    other = make_submission(EntryFactory(component=component), four["a"].student)
    own = {"student_user_id": four["a"].student_id}
    assert set(seen(SUBMISSIONS, "submission_id", **own)) == {str(four["a"].pk), str(other.pk)}
    both = {**own, "entry_id": other.entry_id}
    assert seen(SUBMISSIONS, "submission_id", **both) == [str(other.pk)]
    assert seen(SUBMISSIONS, "submission_id", entry_id=uuid.uuid4()) == []


def test_plus_of_an_offset_may_come_unencoded(four, api, configurator):
    for sign in ("+", "%2B", " "):
        query = f"submitted_after=2026-01-03T13:00:00{sign}01:00".replace(" ", "%20")
        answer = api(configurator).browser.get(
            f"{SUBMISSIONS}?{query}", headers=api(configurator).headers
        )
        assert [row["student_name"] for row in answer.json()] == ["A", "B"]


def test_rows_that_tie_keep_one_order_over_pages(entry, student, seen, api, configurator):
    for _i in range(7):
        make_submission(entry, student, title="The same")
    Submission.objects.update(submitted_at=timezone.now())
    for order in ("submission_title", "-submission_title", "score", "-score", "submitted_at"):
        whole = seen(SUBMISSIONS, "submission_id", ordering=order)
        pages = [
            api(configurator).get(SUBMISSIONS, {"ordering": order, "skip": n, "limit": 2}).json()
            for n in range(0, 7, 2)
        ]
        assert [row["submission_id"] for page in pages for row in page] == whole
        assert len(set(whole)) == 7


def test_users_are_narrowed_and_ordered(seen, configurator, admin, outsider):
    UserFactory(username="zoe", full_name="Aaron", email="x@y.example", is_active=False)
    assert seen(USERS, "username", role="admin") == ["admin"]
    assert seen(USERS, "username", is_active="false") == ["zoe"]
    assert seen(USERS, "username", is_active="true", role="student") == ["outsider"]
    for text in ("ZO", "aaron", "Y.EXAM"):
        assert seen(USERS, "username", search=text) == ["zoe"]
    names = ["admin", "configurator", "outsider", "zoe"]
    assert seen(USERS, "username", ordering="username") == names
    assert seen(USERS, "username", ordering="-username") == names[::-1]
    assert seen(USERS, "username", ordering="full_name")[0] in names
    assert seen(USERS, "username", ordering="created_at")[-1] == "zoe"


def test_components_and_entries_are_narrowed_and_ordered(seen, configurator, component, entry):
    Component.objects.filter(pk=component.pk).update(name="Botany")
    Entry.objects.filter(pk=entry.pk).update(title="Leaves")
    other = ComponentFactory(name="Algebra", configurators=[configurator])
    EntryFactory(component=other, title="Sums")
    components, entries = "/api/configure/flexagecomps/", "/api/configure/entries/"
    assert seen(components, "comp_name", search="BOT") == ["Botany"]
    assert seen(components, "comp_name", ordering="-comp_name") == ["Botany", "Algebra"]
    assert seen(entries, "entry_title", search="leav") == ["Leaves"]
    assert seen(entries, "entry_title", ordering="-entry_title") == ["Sums", "Leaves"]
    assert seen(entries, "entry_title", flex_age_comp_id=other.pk) == ["Sums"]
    assert seen(f"{components}{other.pk}/entries", "entry_title", search="leav") == []


def test_states_are_narrowed_and_ordered(seen, entry, four):
    EnrollmentFactory(component=entry.component, student=UserFactory(username="e"))
    path = f"/api/configure/entries/{entry.pk}/student_states"
    ids = {name: str(found.student_id) for name, found in four.items()}
    assert seen(path, "student_user_id", status="outcome_available") == [ids["a"]]
    assert len(seen(path, "student_user_id", status="submitted_processing")) == 3
    assert len(seen(path, "student_user_id", status="not_submitted")) == 1
    assert seen(path, "status", ordering="-username")[0] == "not_submitted"
    for order in ("updated_at", "-updated_at"):
        assert seen(path, "status", ordering=order)[-1] == "not_submitted"


def test_deliveries_and_webhooks_are_narrowed(seen, component):
    webhook = make_webhook(component)
    sent = make_delivery(webhook)
    record_answer(claim_delivery(sent), 200, "ok")
    waiting = make_delivery(webhook)
    path = f"/api/configure/webhooks/{webhook.pk}/deliveries"
    assert seen(path, "delivery_id") == [str(waiting.pk), str(sent.pk)]
    assert seen(path, "delivery_id", ordering="created_at") == [str(sent.pk), str(waiting.pk)]
    assert seen(path, "delivery_id", state="queued") == [str(waiting.pk)]
    assert seen(path, "delivery_id", event="outcome.available") == []
    later = waiting.created_at.isoformat()
    assert seen(path, "delivery_id", created_since=later) == [str(waiting.pk)]
    hooks = "/api/configure/webhooks"
    assert seen(hooks, "webhook_id", flex_age_comp_id=component.pk) == [str(webhook.pk)]
    assert seen(hooks, "webhook_id", flex_age_comp_id=uuid.uuid4()) == []


BAD = {
    SUBMISSIONS: {
        "status": ["ready", "RELEASED"],
        "needs_review": ["1", "True"],
        "entry_id": ["1"],
        "student_user_id": ["x"],
        "submitted_after": ["yesterday", "2026-01-01", "2026-01-01T00:00:00", "0"],
        "submitted_before": ["2026-13-01T00:00:00Z"],
        "updated_since": ["2026-01-01T00:00:00"],
        "min_score": ["-1", "x", "NaN", "1e10"],
        "max_score": ["Infinity"],
        "ordering": ["content", "-student__password", "score,nothing"],
        "search": ["\x00"],
        "skip": ["-1", "x", "1.0"],
        "limit": ["-1", ""],
    },
    USERS: {
        "role": ["teacher"],
        "is_active": ["yes"],
        "ordering": ["password"],
        "updated_since": ["x"],
    },
    "/api/configure/entries/": {"flex_age_comp_id": ["x"], "ordering": ["rubric"]},
    "/api/configure/flexagecomps/": {"ordering": ["created_by"], "updated_since": ["0"]},
    "/api/configure/webhooks": {"flex_age_comp_id": ["x"], "ordering": ["secret"]},
}


@pytest.mark.parametrize("path", BAD)
def test_wrong_value_is_refused_by_the_name_of_its_parameter(path, api, configurator):
    for name, values in BAD[path].items():
        for value in values:
            answer = api(configurator).get(path, {name: value})
            assert answer.status_code == 400, (name, value)
            assert set(answer.json()) == {name}, (value, answer.json())


# --- what changed since --------------------------------------------------------
@pytest.fixture
def synced(seen):
    """What a client that asks for all changes since its last look is told, each time."""

    def synced(path, key, change):
        later = timezone.now() + timedelta(hours=1)
        assert seen(path, key, updated_since=later.isoformat()) == []
        with time_machine.travel(later, tick=True):
            change()
        return seen(path, key, updated_since=later.isoformat())

    return synced


@pytest.mark.parametrize(
    "what",
    ["handed in", "started", "asked again", "graded", "held", "failed", "released", "overridden"],
)
def test_submission_that_changed_is_among_the_changes(what, synced, entry, student, configurator):
    grade(make_submission(entry, UserFactory(enrolled_in=entry.component)))
    submission = make_submission(entry, student)
    if what in {"released", "overridden", "asked again"}:
        grade(submission, HELD)
    decision: dict[str, Any] = {"feedback": "Better.", "reason": "Seen."}
    changes = {
        "handed in": lambda: make_submission(entry, student),
        "started": lambda: claim(submission),
        "asked again": lambda: request_regrade(submission, by=configurator),
        "graded": lambda: grade(submission),
        "held": lambda: grade(submission, HELD),
        "failed": lambda: fail(submission),
        "released": lambda: release_outcome(submission, expected_revision=1, by=configurator),
        "overridden": lambda: override_outcome(
            submission, **decision, expected_revision=None, by=configurator
        ),
    }
    told = synced(SUBMISSIONS, "submission_id", changes[what])
    newest = Submission.objects.filter(student=student).latest("attempt")
    assert told == [str(newest.pk)]


def test_user_component_and_entry_that_changed_are_among_the_changes(
    synced, component, entry, configurator, student
):
    def rename():
        student.full_name = "Somebody Else"
        student.save()

    assert synced(USERS, "username", rename) == ["student"]
    assert synced(USERS, "username", lambda: UserFactory(username="new")) == ["new"]
    renamed = partial(update_component, component, name="New name", by=configurator)
    assert synced("/api/configure/flexagecomps/", "comp_id", renamed) == [str(component.pk)]
    retitled = partial(update_entry, entry, title="New title", by=configurator)
    assert synced("/api/configure/entries/", "entry_id", retitled) == [str(entry.pk)]


def test_moment_of_a_change_is_itself_among_the_changes(seen, submission):
    moment = Submission.objects.get(pk=submission.pk).outcome.updated_at
    assert seen(SUBMISSIONS, "submission_id", updated_since=moment.isoformat())
    after = moment + timedelta(microseconds=1)
    assert seen(SUBMISSIONS, "submission_id", updated_since=after.isoformat()) == []


# --- many in one request -------------------------------------------------------
PERSON = {"username": "mira", "password": "seven green kites"}


def test_bulk_register_does_each_row_on_its_own(api, configurator, student):
    rows = [
        PERSON,
        {**PERSON, "username": "student"},
        {**PERSON, "username": "MIRA"},
        {"username": "short", "password": "1"},
        {**PERSON, "username": "boss", "role": "admin"},
        {},
        {**PERSON, "username": "last", "email": "last@example.org"},
        {**PERSON, "username": "other", "email": "LAST@example.org"},
    ]
    answer = api(configurator).post("/api/auth/register/bulk", {"rows": rows})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["succeeded"], told["failed"]) == (2, 6)
    results = told["results"]
    assert [result["index"] for result in results] == list(range(8))
    assert [result["status"] for result in results] == [201, 400, 400, 400, 403, 400, 201, 400]
    assert results[0]["body"]["username"] == "mira"
    assert "password" not in results[0]["body"]
    assert "username" in results[1]["body"]
    assert "username" in results[2]["body"]
    assert "password" in results[3]["body"]
    assert "detail" in results[4]["body"]
    assert set(results[5]["body"]) == {"username", "password"}
    assert "email" in results[7]["body"]
    assert set(User.objects.students().values_list("username", flat=True)) == {
        *("student", "mira", "last")
    }


def test_bulk_enroll_does_each_row_on_its_own(api, configurator, component, student, outsider):
    elsewhere = ComponentFactory()

    def row(who, place=component):
        return {"student_user_id": str(getattr(who, "pk", who)), "flex_age_comp_id": str(place.pk)}

    rows = [row(outsider), row(outsider), row(student), row(configurator), row(uuid.uuid4())]
    rows += [row(outsider, elsewhere), {"student_user_id": str(outsider.pk)}]
    answer = api(configurator).post("/api/auth/enroll/bulk", {"rows": rows})
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [200, 400, 400, 400, 404, 404, 400]
    assert results[0]["body"] == {"message": "outsider is enrolled."}
    assert results[1]["body"]["code"] == "already_enrolled"
    assert results[6]["body"] == {"flex_age_comp_id": ["This field is required."]}
    assert Enrollment.objects.filter(student=outsider).count() == 1


def test_bulk_entries_does_each_row_on_its_own(api, configurator, component):
    good = {"flex_age_comp_id": str(component.pk), "entry_title": "One"}
    rows = [
        good,
        {**good, "entry_title": ""},
        {**good, "rubric_definition": {"criteria": 5}},
        {**good, "flex_age_comp_id": str(ComponentFactory().pk)},
        {**good, "entry_title": "Two", "rubric_definition": RUBRIC},
    ]
    answer = api(configurator).post("/api/configure/entries/bulk", {"rows": rows})
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [201, 400, 400, 404, 201]
    assert "rubric_definition" in results[2]["body"]
    read = api(configurator).get(f"/api/configure/entries/{results[4]['body']['entry_id']}")
    assert read.json() == results[4]["body"]
    assert sorted(component.entries.values_list("title", flat=True)) == ["One", "Two"]


@pytest.mark.parametrize("path", ["auth/register", "auth/enroll", "configure/entries"])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rows": []},
        {"rows": None},
        {"rows": {}},
        {"rows": "abc"},
        {"rows": [1]},
        {"rows": [None]},
        {"rows": [[]]},
        {"rows": [{}] * 101},
        [PERSON],
    ],
    ids=lambda body: str(body)[:20],
)
def test_bulk_of_no_rows_or_too_many_is_refused(path, body, api, configurator):
    answer = api(configurator).post(f"/api/{path}/bulk", body)
    assert answer.status_code == 400
    assert set(answer.json()) in ({"rows"}, {"detail"})


def test_bulk_of_the_most_rows_is_done(api, configurator):
    rows = [{**PERSON, "username": f"pupil{number}"} for number in range(100)]
    answer = api(configurator).post("/api/auth/register/bulk", {"rows": rows})
    assert answer.json()["succeeded"] == 100
    assert User.objects.students().count() == 100


# --- keys ----------------------------------------------------------------------
@pytest.fixture
def submit(api, entry, student):
    """Hand in over the API: the answer."""

    def submit(content="<p>From light.</p>", by=student, task=entry, **headers):
        return api(by).post(
            f"/api/student/entries/{task.pk}/submit", {"content": content}, **headers
        )

    return submit


def test_same_key_with_the_same_answer_is_one_submission(submit):
    first, second = (submit(idempotency_key="once") for _i in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert Submission.objects.count() == 1


def test_without_a_key_each_is_a_submission(submit):
    assert [submit().json()["attempt"] for _i in range(3)] == [1, 2, 3]
    assert submit(idempotency_key="").json()["attempt"] == 4


def test_same_key_with_another_answer_is_a_conflict(submit, component):
    submit(idempotency_key="once")
    answer = submit("<p>From water.</p>", idempotency_key="once")
    assert answer.status_code == 409
    assert answer.json()["code"] == "key_reused"
    elsewhere = EntryFactory(component=component)
    assert submit(task=elsewhere, idempotency_key="once").status_code == 409
    assert Submission.objects.count() == 1


def test_key_belongs_to_one_student(submit, component):
    submit(idempotency_key="once")
    other = UserFactory(enrolled_in=component)
    assert submit(by=other, idempotency_key="once").status_code == 201
    assert Submission.objects.count() == 2


def test_key_has_a_longest_length(submit):
    assert submit(idempotency_key="a" * 255).status_code == 201
    answer = submit(idempotency_key="a" * 256)
    assert answer.status_code == 400
    assert set(answer.json()) == {"Idempotency-Key"}


@pytest.mark.usefixtures("shared_database")
def test_same_key_at_once_is_one_submission(shared_database, request):  # noqa: F811
    student, task = request.getfixturevalue("student"), request.getfixturevalue("entry")
    client = request.getfixturevalue("api")(student)
    path = f"/api/student/entries/{task.pk}/submit"
    body = {"content": "<p>From light.</p>"}
    answers = in_threads(*[lambda: client.post(path, body, idempotency_key="once")] * 2)
    assert [answer.status_code for answer in answers] == [201, 201]
    assert Submission.objects.count() == 1


@pytest.mark.usefixtures("shared_database")
def test_same_name_registered_at_once_is_one_user(shared_database, request):  # noqa: F811
    client = request.getfixturevalue("api")(request.getfixturevalue("configurator"))
    answers = in_threads(*[lambda: client.post("/api/auth/register", PERSON)] * 2)
    assert sorted(answer.status_code for answer in answers) == [201, 400]
    assert User.objects.filter(username="mira").count() == 1


# --- ETags ---------------------------------------------------------------------
@pytest.fixture
def held(entry, student):
    """An outcome that waits for a person."""
    return grade(make_submission(entry, student), HELD)


@pytest.fixture
def changes(component, entry, held):
    """What can be changed under an ETag: its address, and a change of it."""
    webhook = make_webhook(component)
    return {
        "component": (f"/api/configure/flexagecomps/{component.pk}", {"comp_name": "New"}),
        "entry": (f"/api/configure/entries/{entry.pk}", {"entry_title": "New"}),
        "rubric": (
            f"/api/configure/entries/{entry.pk}",
            {"rubric_definition": {**RUBRIC, "criteria": [*RUBRIC["criteria"]][::-1]}},
        ),
        "outcome": (
            f"/api/configure/outcomes/{held.pk}",
            {"outcome_data": {"feedback_text": "<p>New.</p>"}},
        ),
        "webhook": (f"/api/configure/webhooks/{webhook.pk}", {"events": ["outcome.available"]}),
    }


KINDS = ["component", "entry", "rubric", "outcome", "webhook"]


@pytest.mark.parametrize("kind", KINDS)
def test_etag_of_a_change_is_that_of_the_next_read(kind, api, configurator, changes):
    client, (path, change) = api(configurator), changes[kind]
    before = client.get(path)
    put = client.put(path, change, if_match=before["ETag"])
    assert put.status_code == 200, put.content
    after = client.get(path)
    assert put["ETag"] == after["ETag"] != before["ETag"]
    assert put.json() == after.json()


@pytest.mark.parametrize("kind", KINDS)
def test_change_needs_the_etag_of_now(kind, api, configurator, changes):
    client, (path, change) = api(configurator), changes[kind]
    before = client.get(path)
    etag = before["ETag"]
    for stale in ('"stale"', f"W/{etag}", etag.strip('"'), "nonsense", '"a", "b"'):
        answer = client.put(path, change, if_match=stale)
        assert answer.status_code == 412, stale
        assert answer["Content-Type"] == "application/json"
        assert "Read it again" in answer.json()["detail"]
    assert client.get(path).json() == before.json()
    assert client.put(path, change, if_match=f'"a", {etag}, "b"').status_code == 200
    assert client.put(path, change, if_match=etag).status_code == 412
    assert client.put(path, change, if_match="*").status_code == 200
    assert client.put(path, change).status_code == 200


def test_release_needs_the_etag_of_now(api, configurator, held):
    client, path = api(configurator), f"/api/configure/outcomes/{held.pk}"
    etag = client.get(path)["ETag"]
    assert client.post(f"{path}/release", if_match='"stale"').status_code == 412
    assert not Outcome.objects.get().released
    answer = client.post(f"{path}/release", if_match=etag)
    assert answer.status_code == 200
    assert answer["ETag"] == client.get(path)["ETag"] != etag
    assert client.post(f"{path}/release", if_match=etag).status_code == 412
    assert client.post(f"{path}/release", if_match="*").status_code == 400


def test_release_with_a_star_or_with_nothing_goes_through(api, configurator, entry, student):
    for headers in ({"if_match": "*"}, {}):
        outcome = grade(make_submission(entry, student), HELD)
        path = f"/api/configure/outcomes/{outcome.pk}/release"
        assert api(configurator).post(path, **headers).status_code == 200


@pytest.mark.parametrize("kind", ["component", "entry", "rubric", "outcome"])
@pytest.mark.usefixtures("shared_database")
def test_of_two_writers_with_one_etag_one_wins(kind, shared_database, request):  # noqa: F811
    client = request.getfixturevalue("api")(request.getfixturevalue("configurator"))
    path, change = request.getfixturevalue("changes")[kind]
    etag = client.get(path)["ETag"]
    answers = in_threads(*[lambda: client.put(path, change, if_match=etag)] * 2)
    assert sorted(answer.status_code for answer in answers) == [200, 412]


def test_read_that_did_not_change_is_a_304(api, configurator, student, changes, submission):
    staff = [path for path, _change in changes.values()]
    staff += [SUBMISSIONS, USERS, "/api/configure/entries/", "/api/configure/webhooks"]
    staff += [f"/api/configure/submissions/{submission.pk}", "/api/auth/me"]
    own = ["/api/student/flexagecomps", "/api/student/submissions"]
    own += [f"/api/student/submissions/{submission.pk}"]
    own += [f"/api/student/entries/{submission.entry_id}"]
    for user, paths in ((configurator, staff), (student, own)):
        client = api(user)
        for path in paths:
            etag = client.get(path)["ETag"]
            for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
                answer = client.get(path, if_none_match=known)
                assert (answer.status_code, answer.content) == (304, b""), path
                assert answer["ETag"] == etag
            assert client.get(path, if_none_match='"other"').status_code == 200


def test_list_that_changed_is_sent_anew(api, configurator, entry, student):
    client = api(configurator)
    etag = client.get(SUBMISSIONS)["ETag"]
    submission = make_submission(entry, student)
    for change in (lambda: None, lambda: grade(submission, HELD), lambda: release(submission)):
        change()
        answer = client.get(SUBMISSIONS, if_none_match=etag)
        assert answer.status_code == 200
        assert answer["ETag"] != etag
        etag = answer["ETag"]


def release(submission):
    person = submission.entry.component.configurators.get()
    release_outcome(submission, expected_revision=1, by=person)


# --- results as a sheet --------------------------------------------------------
def test_results_are_a_file_of_lines(api, configurator, entry, four):
    answer = api(configurator).get(f"/api/configure/entries/{entry.pk}/results.csv")
    assert answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="results-{entry.pk}.csv"'
    assert answer.getvalue().count(b"\r\n") == 5


# --- health --------------------------------------------------------------------
READY = "/api/ready"


def readiness(api):
    answer = api().get(READY)
    return answer.status_code, answer.json()


def test_server_is_alive_and_answers_are_not_kept(api):
    answer = api().get("/api/health/")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer["Cache-Control"] == "no-store"


def test_ready_with_a_worker_and_nothing_late(api):
    beat(uuid.uuid4())
    status, report = readiness(api)
    assert status == 200
    assert report.pop("worker_seen_seconds_ago") < 60
    assert report == {"status": "ok", "database": "ok", "queue_age_seconds": 0.0}


def test_ready_without_a_worker_is_degraded(api):
    status, report = readiness(api)
    assert (status, report["status"]) == (200, "degraded")
    assert report["worker_seen_seconds_ago"] is None


def test_ready_with_a_worker_that_was_lost_is_degraded(api):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        beat(uuid.uuid4())
    for seconds, expected in ((60, "ok"), (61, "degraded")):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            status, report = readiness(api)
        assert (status, report["status"]) == (200, expected)
        assert report["worker_seen_seconds_ago"] == seconds


def test_ready_with_a_late_queue_is_degraded(api, entry, student):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        make_submission(entry, student)
    for seconds, expected in ((300, "ok"), (301, "degraded")):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            beat(uuid.uuid4())
            status, report = readiness(api)
        assert (status, report["status"]) == (200, expected)
        assert report["queue_age_seconds"] == seconds


def test_ready_without_its_database_says_so(api, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OperationalError("the database is gone")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = api().get(READY)
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "unavailable",
        "database": "unavailable",
        "queue_age_seconds": None,
        "worker_seen_seconds_ago": None,
    }
    assert api().get("/api/health").status_code == 200


# --- webhooks ------------------------------------------------------------------
HOOKS = "/api/configure/webhooks"
OWN_SECRET = "a secret of my own choosing"


@pytest.fixture
def hook(api, configurator, component):
    """Make a webhook over the API: the answer."""

    def hook(**fields):
        body = {"flex_age_comp_id": str(component.pk), "url": HOOK, "events": ["outcome.available"]}
        return api(configurator).post(HOOKS, {**body, **fields})

    return hook


def test_webhook_shows_its_secret_once(hook, api, configurator):
    answer = hook()
    assert answer.status_code == 201
    made = answer.json()
    assert made["secret"] == Webhook.objects.get().secret
    assert len(made["secret"]) >= 32
    path = f"{HOOKS}/{made['webhook_id']}"
    for read in (api(configurator).get(path), api(configurator).get(HOOKS)):
        assert made["secret"] not in read.text
        assert "secret" not in read.text
    assert api(configurator).get(path).json() == without_secret(made)


def without_secret(told):
    return {name: value for name, value in told.items() if name != "secret"}


def test_webhook_takes_a_secret_of_ones_own(hook):
    assert hook(secret=OWN_SECRET).json()["secret"] == OWN_SECRET
    assert hook(secret="").json()["secret"] != hook(secret=None).json()["secret"]
    answer = hook(secret="short")
    assert (answer.status_code, set(answer.json())) == (400, {"secret"})


def test_webhook_made_inactive_is_told_nothing(hook, entry, student):
    assert hook(is_active=False, events=["submission.created"]).json()["is_active"] is False
    make_submission(entry, student)
    assert not Webhook.objects.get().deliveries.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("url", url) for url in ("http://127.0.0.1/", "http://10.0.0.1/", "http://[::1]/")),
        *(("url", url) for url in ("http://169.254.169.254/latest", "http://0/", "ftp://a.example")),
        *(("url", url) for url in ("", "nonsense", "https://user:pass@a.example/", "http://2130706433")),
        *(("events", events) for events in ([], ["nothing"], "outcome.available", None)),
        ("is_active", "true"),
        ("flex_age_comp_id", None),
    ],
)  # fmt: skip
def test_webhook_that_cannot_be_is_refused_by_its_field(field, value, hook, api, configurator):
    answer = hook(**{field: value})
    assert answer.status_code == 400
    assert set(answer.json()) == {field}
    path = f"{HOOKS}/{hook().json()['webhook_id']}"
    answer = api(configurator).put(path, {field: value})
    assert (answer.status_code, set(answer.json())) == (400, {field})


def test_webhook_changes_by_the_fields_that_are_sent(hook, api, configurator):
    made = hook().json()
    path = f"{HOOKS}/{made['webhook_id']}"
    change = {"url": f"{HOOK}/new", "events": ["submission.created"], "is_active": False}
    for name, value in change.items():
        told = api(configurator).put(path, {name: value}).json()
        assert told[name] == value
    assert told == {**without_secret(made), **change, "updated_at": told["updated_at"]}
    assert Webhook.objects.get().secret == made["secret"]


def test_webhook_gets_another_secret(hook, api, configurator):
    path = f"{HOOKS}/{hook().json()['webhook_id']}"
    before = Webhook.objects.get().secret
    answer = api(configurator).put(path, {"secret": OWN_SECRET})
    assert OWN_SECRET not in answer.text
    assert Webhook.objects.get().secret == OWN_SECRET != before
    for empty in ("", None):
        api(configurator).put(path, {"secret": empty})
        assert Webhook.objects.get().secret == OWN_SECRET


def test_webhook_stays_in_its_component(hook, api, configurator):
    other = ComponentFactory(configurators=[configurator])
    path = f"{HOOKS}/{hook().json()['webhook_id']}"
    answer = api(configurator).put(path, {"flex_age_comp_id": str(other.pk)})
    assert (answer.status_code, set(answer.json())) == (400, {"flex_age_comp_id"})


def test_webhook_is_deleted_with_its_deliveries(hook, api, configurator, entry, student):
    made = hook(events=["submission.created"]).json()
    make_submission(entry, student)
    path = f"{HOOKS}/{made['webhook_id']}"
    answer = api(configurator).delete(path)
    assert (answer.status_code, answer.json()) == (200, without_secret(made))
    assert api(configurator).get(path).status_code == 404
    assert api(configurator).get(f"{path}/deliveries").status_code == 404
    assert not Webhook.objects.exists()


def test_webhook_of_another_component_does_not_exist(api, configurator, component):
    foreign = make_webhook(ComponentFactory())
    delivery = make_delivery(foreign)
    client, path = api(configurator), f"{HOOKS}/{foreign.pk}"
    resend = f"deliveries/{delivery.pk}/resend"
    own = make_webhook(component)
    body = {"flex_age_comp_id": str(foreign.component_id), "url": HOOK}
    answers = [
        client.get(path),
        client.put(path, {"is_active": False}),
        client.delete(path),
        client.get(f"{path}/deliveries"),
        client.post(f"{path}/{resend}"),
        client.post(f"{HOOKS}/{own.pk}/{resend}"),
        client.post(HOOKS, {**body, "events": ["outcome.available"]}),
    ]
    assert [answer.status_code for answer in answers] == [404] * 7
    assert Webhook.objects.count() == 2


def test_delivery_tells_how_it_went_and_is_sent_again(api, configurator, component):
    webhook = make_webhook(component)
    delivery = make_delivery(webhook)
    client, path = api(configurator), f"{HOOKS}/{webhook.pk}/deliveries"
    resend = f"{path}/{delivery.pk}/resend"
    (queued,) = client.get(path).json()
    assert (queued["state"], queued["attempts"], queued["last_status"]) == ("queued", 0, None)
    assert queued["payload"]["event"] == queued["event"] == "submission.created"
    waiting = client.post(resend)
    assert (waiting.status_code, waiting.json()["code"]) == (409, "still_queued")
    claimed = claim_delivery(delivery)
    assert client.post(resend).status_code == 409
    record_answer(claimed, 200, "thank you")
    (sent,) = client.get(path).json()
    assert (sent["state"], sent["attempts"]) == ("delivered", 1)
    assert (sent["last_status"], sent["last_answer"], sent["last_error"]) == (200, "thank you", "")
    assert sent["finished_at"] >= sent["last_attempt_at"] >= sent["created_at"]
    again = client.post(resend)
    assert (again.status_code, again.json()["state"]) == (200, "queued")
    assert client.get(path).json() == [again.json()]
    record_answer(claim_delivery(delivery), 410, "gone")
    (given_up,) = client.get(path).json()
    assert (given_up["state"], given_up["last_status"]) == ("failed", 410)
    assert "gone for good" in given_up["last_error"]
    refused = client.post(resend)
    assert (refused.status_code, refused.json()["code"]) == (409, "webhook_inactive")
