"""A client that a machine wrote from `docs/openapi.yaml` gets people through their day."""

from __future__ import annotations

import csv
import importlib
import io
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest

from components.api.rubric import RUBRIC
from flexage.tests.live.fuzzing import GOOD_PASSWORD
from flexage.tests.site import PASSWORD, ROOT

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

PACKAGE = "flexage_client"
GRADING_SECONDS = 60
ANSWER = """
<p>Plants take in carbon dioxide from the air and water from the soil. Every step follows from the
one before: light splits the water, and its hydrogen turns the carbon dioxide into glucose.</p>
<p>Evidence: we measured 12.5 mg of oxygen in 30 minutes in the light, and 0.0 mg in the dark.</p>
"""


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    """The folder of a package that was generated from the schema, on the import path."""
    folder = tmp_path_factory.mktemp("client")
    settings = folder / "settings.yaml"
    settings.write_text("post_hooks: []\n")
    command = [
        *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
        *("--path", str(ROOT / "docs" / "openapi.yaml"), "--config", str(settings)),
        *("--output-path", str(folder / PACKAGE), "--fail-on-warning"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield folder / PACKAGE
    sys.path.remove(str(folder))


class Person:
    """Calls operations by their id, as this person."""

    def __init__(self, address: str, username: str = "", password: str = "") -> None:
        self.models = importlib.import_module(f"{PACKAGE}.models")
        clients = importlib.import_module(f"{PACKAGE}.client")
        self.client = clients.Client(base_url=address, raise_on_unexpected_status=True)
        if username:
            who = self.models.SignInRequest(username=username, password=password)
            tokens = self.auth_sign_in_json_create(body=who)
            self.close()
            self.client = clients.AuthenticatedClient(
                base_url=address, token=tokens.access_token, raise_on_unexpected_status=True
            )

    def close(self) -> None:
        self.client.get_httpx_client().close()

    def __getattr__(self, operation: str) -> Any:
        return partial(self.call, operation)

    def call(self, operation: str, *args: Any, status: int = 0, **kwargs: Any) -> Any:
        """What the answer was read as; any success, unless the status is named."""
        response = self.response(operation, *args, **kwargs)
        is_expected = response.status_code == status if status else response.status_code < 300
        assert is_expected, (operation, response)
        return response.parsed

    def response(self, operation: str, *args: Any, **kwargs: Any) -> Any:
        tag = operation.partition("_")[0]
        module = importlib.import_module(f"{PACKAGE}.api.{tag}.{operation}")
        return module.sync_detailed(*args, client=self.client, **kwargs)


def until(look: Any) -> Any:
    """What `look` gives, as soon as it gives something."""
    deadline = time.monotonic() + GRADING_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


@pytest.fixture
def person(generated, site):
    """Makes clients: `person("student1", "password")`."""
    people: list[Person] = []

    def sign_in(username: str = "", password: str = "") -> Person:
        people.append(Person(site.address, username, password))
        return people[-1]

    yield sign_in
    for each in people:
        each.close()


@pytest.fixture
def teacher(person):
    return person("configurator", PASSWORD)


@pytest.fixture
def course(teacher):
    """A component with one entry."""
    models = teacher.models
    component = teacher.configure_components_create(
        body=models.ComponentRequest(comp_name="Plants", general_instructions="<p>Be brief.</p>")
    )
    entry = teacher.configure_entries_create(
        body=models.EntryRequest(
            flex_age_comp_id=component.comp_id,
            entry_title="How plants feed",
            instructions="<p>Give evidence.</p>",
            rubric_definition=models.RubricDefinition.from_dict(RUBRIC),
        )
    )
    return component, entry


@pytest.fixture
def learner(person, teacher, course):
    """A new student of the course, and a client for them."""
    username = f"student-{uuid.uuid4().hex[:8]}"
    account = teacher.models.RegisterRequest(username=username, password=GOOD_PASSWORD)
    user = teacher.auth_register_create(body=account)
    place = teacher.models.EnrollRequest(
        student_user_id=user.user_id, flex_age_comp_id=course[0].comp_id
    )
    teacher.auth_enroll_create(body=place)
    return user, person(username, GOOD_PASSWORD)


def test_a_students_day(course, learner, teacher):
    component, entry = course
    user, student = learner
    assert student.auth_me_read().user_id == user.user_id
    assert [each.comp_id for each in student.student_components_list()] == [component.comp_id]
    (shown,) = student.student_entries_list(component.comp_id)
    assert shown.rubric_definition.to_dict() == RUBRIC
    assert shown.student_state.status == student.models.EntryStatus.NOT_SUBMITTED

    body = student.models.AnswerRequest(content=ANSWER, submission_title="Mine")
    key = str(uuid.uuid4())
    first = student.student_submit_create(entry.entry_id, body=body, idempotency_key=key)
    again = student.student_submit_create(entry.entry_id, body=body, idempotency_key=key)
    assert again.submission_id == first.submission_id
    other = student.models.AnswerRequest(content="Something else.")
    refused = student.student_submit_create(
        entry.entry_id, body=other, idempotency_key=key, status=HTTPStatus.CONFLICT
    )
    assert refused.detail

    graded = until(lambda: teacher.configure_submission_read(first.submission_id).outcome)
    if graded.needs_review:
        teacher.configure_release_create(graded.outcome_id)
    outcome = until(lambda: student.student_submission_read(first.submission_id).outcome)
    assert outcome.is_llm_generated
    assert outcome.outcome_data.max_score == 15
    assert [each.text for each in outcome.outcome_data.criteria] == ["Argument", "Evidence"]
    state = student.student_entry_read(entry.entry_id).student_state
    assert state.status == student.models.EntryStatus.OUTCOME_AVAILABLE
    assert state.submission.outcome.outcome_id == outcome.outcome_id
    assert len(student.student_submissions_list()) == 1
    assert len(student.student_own_submissions_list(entry.entry_id)) == 1


def test_a_configurators_day(course, learner, teacher):
    component, entry = course
    user, student = learner
    models = teacher.models
    rows = [
        {"username": f"{user.username}-{number}", "password": GOOD_PASSWORD} for number in range(2)
    ]
    made = teacher.auth_register_bulk_create(body=rows_of(models, rows))
    assert made.succeeded == 2
    places = [
        {
            "student_user_id": result.body["user_id"],
            "flex_age_comp_id": str(component.comp_id),
        }
        for result in made.results
    ]
    places.append({**places[0], "student_user_id": str(uuid.uuid4())})
    enrolled = teacher.auth_enroll_bulk_create(body=rows_of(models, places))
    assert [result.status for result in enrolled.results] == [200, 200, 404]
    people = teacher.configure_students_list(component.comp_id)
    assert len(people) == 3

    body = models.AnswerRequest(content=ANSWER)
    submission = student.student_submit_create(entry.entry_id, body=body)
    until(lambda: teacher.configure_submission_read(submission.submission_id).outcome)
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    listed = teacher.response(
        "configure_submissions_list",
        entry_id=entry.entry_id,
        student_user_id=user.user_id,
        submitted_after=hour_ago,
        updated_since=hour_ago,
        min_score=0.0,
        ordering=[models.ConfigureSubmissionsListOrderingItem.VALUE_1],
        limit=1,
    )
    assert listed.headers["X-Total-Count"] == "1"
    (found,) = listed.parsed
    assert found.submission_id == submission.submission_id
    assert found.submitted_at.tzinfo is not None
    assert teacher.configure_entry_submissions_list(entry.entry_id, submitted_before=hour_ago) == []
    states = teacher.configure_student_states_list(entry.entry_id)
    waits = models.EntryStatus.NOT_SUBMITTED
    assert [state.student_user_id for state in states if state.status != waits] == [user.user_id]

    read = teacher.response("configure_outcome_read", found.outcome.outcome_id)
    change = models.OutcomeChangeRequest(
        outcome_data=models.OutcomeDataChangeRequest(feedback_text="<p>Well done.</p>", score=14.5),
        is_llm_generated=False,
        reason="The formula counts.",
    )
    put = partial(teacher.call, "configure_outcome_update", found.outcome.outcome_id, body=change)
    decided = put(if_match=read.headers["ETag"])
    assert decided.outcome_data.score == 14.5
    assert decided.outcome_data.provenance.grader == models.GraderKind.PERSON
    assert put(if_match=read.headers["ETag"], status=HTTPStatus.PRECONDITION_FAILED).detail

    (line,) = csv.DictReader(io.StringIO(teacher.configure_results_read(entry.entry_id)))
    assert "14.5" in "".join(str(value) for value in line.values())
    gone = teacher.configure_component_delete(component.comp_id)
    assert gone.comp_id == component.comp_id
    teacher.configure_component_read(component.comp_id, status=HTTPStatus.NOT_FOUND)


def test_what_is_refused_can_be_read(teacher, person):
    nobody = person()
    wrong = nobody.models.SignInRequest(username="configurator", password="wrong")
    assert nobody.auth_sign_in_json_create(body=wrong, status=401).detail
    empty = nobody.models.ComponentRequest(comp_name=" ")
    said = teacher.configure_components_create(body=empty, status=400)
    assert said["comp_name"]
    assert nobody.response("health_read").parsed.status == "ok"


def rows_of(models: Any, rows: list[dict[str, Any]]) -> Any:
    return models.RowsRequest.from_dict({"rows": rows})
