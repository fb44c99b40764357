"""Outcomes over the API: what they hold, how people change them, how they are made again."""

from __future__ import annotations

import time

import pytest

from accounts.tests.factories import UserFactory
from components.services import unenroll_student
from grading.engine.errors import ErrorCode, GradingError
from grading.models import GradingRun
from grading.services.grading import request_regrade
from grading.services.runs import record_failure
from grading.tests.concurrency import in_threads
from grading.tests.factories import claim, grade, make_submission, reply_text

TOO_LONG = GradingError(ErrorCode.TOO_LONG, "no room")


@pytest.fixture
def client(api, configurator):
    return api(configurator)


@pytest.fixture
def url(outcome):
    return f"/api/configure/outcomes/{outcome.pk}"


def history(outcome):
    """Who decided and why, in order."""
    return [(row.created_by, row.reason) for row in outcome.revisions.order_by("number")]


def seen_by(api, student, submission):
    """The outcome as the student reads it."""
    return api(student).get(f"/api/student/submissions/{submission.pk}").json()["outcome"]


# --- what an outcome holds -----------------------------------------------------
def test_outcome_always_has_feedback_score_and_confidence(api, client, url, outcome, student):
    data = client.get(url).json()["outcome_data"]
    assert data["feedback_text"] == "<p>Well explained.</p>"
    assert (data["score"], data["max_score"], data["llm_confidence"]) == (15, 15, 90)
    assert seen_by(api, student, outcome.submission)["outcome_data"] == data


def test_outcome_of_a_person_keeps_the_machines_confidence(client, url):
    """Deployed clients read the key whoever decided."""
    data = client.put(url, {"outcome_data": {"score": 1}}).json()["outcome_data"]
    assert data["llm_confidence"] == 90


# --- a person decides ----------------------------------------------------------
@pytest.mark.parametrize(
    ("sent", "score", "feedback"),
    [
        ({"score": 3}, 3, "<p>Well explained.</p>"),
        ({"score": 2.5}, 2.5, "<p>Well explained.</p>"),
        ({"score": 0}, 0, "<p>Well explained.</p>"),
        ({"feedback_text": "<p>Other.</p>"}, 15, "<p>Other.</p>"),
        ({"score": 3, "feedback_text": "<p>Other.</p>", "llm_confidence": 12}, 3, "<p>Other.</p>"),
        ({"criteria": [{}, {"level": 2}]}, 10, "<p>Well explained.</p>"),
        ({"criteria": [{"level": 1}]}, 10, "<p>Well explained.</p>"),
        ({"criteria": [{"points": 7.25}, {}]}, 12.25, "<p>Well explained.</p>"),
        ({"criteria": [{"level": 2}, {"level": 2}], "score": 4}, 4, "<p>Well explained.</p>"),
    ],
)
def test_change_is_in_force_recorded_and_the_students_at_once(
    api, client, url, outcome, configurator, student, sent, score, feedback
):
    answer = client.put(url, {"outcome_data": sent, "reason": "Looked at it."})
    assert answer.status_code == 200
    data = answer.json()["outcome_data"]
    assert (data["score"], data["feedback_text"]) == (score, feedback)
    assert data["provenance"]["grader"] == "person"
    assert data["provenance"]["graded_by"] == configurator.display_name
    assert answer.json()["is_llm_generated"] is False
    assert answer.json()["outcome_id"] == str(outcome.pk)
    assert client.get(url).json() == answer.json()
    assert history(outcome) == [(None, ""), (configurator, "Looked at it.")]
    seen = seen_by(api, student, outcome.submission)
    assert seen == {key: answer.json()[key] for key in seen}


def test_change_of_a_client_that_gives_no_reason_is_recorded_all_the_same(
    client, url, outcome, configurator
):
    client.put(url, {"outcome_data": {"score": 3}})
    assert history(outcome)[-1] == (configurator, "Changed over the API.")


@pytest.mark.parametrize(
    ("change", "score"),
    [
        (lambda data: data.update(score=7), 7),
        (lambda data: data.update(feedback_text="<p>Other.</p>"), 15),
        # The points that were read belong to the level that was read.
        (lambda data: data["criteria"][0].update(level=1), 10),
        (lambda data: data["criteria"][1].update(points=0.5), 10.5),
    ],
)
def test_outcome_is_sent_back_as_it_was_read_with_one_value_changed(
    client, url, outcome, change, score
):
    read = client.get(url).json()
    change(read["outcome_data"])
    answer = client.put(url, read)
    assert answer.status_code == 200
    after = answer.json()["outcome_data"]
    assert after["score"] == score
    assert after["feedback_text"] == read["outcome_data"]["feedback_text"]
    kept = [item["level"] for item in read["outcome_data"]["criteria"]]
    assert [item["level"] for item in after["criteria"]] == kept
    assert outcome.revisions.count() == 2


def test_levels_that_stay_keep_their_reasons_and_quotes(client, url):
    before = client.get(url).json()["outcome_data"]["criteria"]
    answer = client.put(url, {"outcome_data": {"criteria": [{}, {"level": 2}]}}).json()
    kept, changed = answer["outcome_data"]["criteria"]
    assert (kept["reasoning"], kept["evidence"]) == (before[0]["reasoning"], before[0]["evidence"])
    assert (changed["level_text"], changed["points"], changed["evidence"]) == ("Poor", 0, [])


@pytest.mark.parametrize("body", [{}, {"outcome_data": {}}, {"reason": "Nothing."}, "read"])
def test_put_without_a_change_changes_nothing(client, url, outcome, body):
    before = client.get(url).json()
    answer = client.put(url, before if body == "read" else body)
    assert (answer.status_code, answer.json()) == (200, before)
    assert history(outcome) == [(None, "")]


def test_is_llm_generated_false_alone_approves(api, client, entry, student, configurator):
    submission = make_submission(entry, student)
    held = grade(submission, reply_text(1, confidence=5))
    url = f"/api/configure/outcomes/{held.pk}"
    before = client.get(url).json()["outcome_data"]
    assert seen_by(api, student, submission) is None
    for _again in range(2):  # a second approval has nothing left to approve
        answer = client.put(url, {"is_llm_generated": False})
        assert answer.status_code == 200
        assert (answer.json()["is_llm_generated"], answer.json()["needs_review"]) == (False, False)
        assert history(held) == [(None, ""), (configurator, "Changed over the API.")]
    seen = seen_by(api, student, submission)["outcome_data"]
    for key in ("score", "feedback_text"):
        assert seen[key] == before[key]


@pytest.mark.parametrize(
    "data",
    [
        {"score": 15.01},
        {"score": -0.01},
        {"score": 1e300},
        {"score": "3"},
        {"score": True},
        {"score": None},
        {"score": [3]},
        {"feedback_text": 3},
        {"feedback_text": None},
        {"feedback_text": ""},
        {"feedback_text": "<p> </p>"},
        {"feedback_text": "x" * 100_001},
        {"llm_confidence": 101, "score": 1},
        {"llm_confidence": -1, "score": 1},
        {"llm_confidence": "high", "score": 1},
        {"criteria": "x"},
        {"criteria": [{}, {}, {}]},
        {"criteria": [{"level": 3}]},
        {"criteria": [{"level": -1}]},
        {"criteria": [{"level": "Good"}]},
        {"criteria": [{"points": 10.01}]},
        {"criteria": [{"points": "1"}]},
        {"criteria": [1]},
        # What is right beside what is wrong is not taken either.
        {"score": 3, "feedback_text": ""},
    ],
)
def test_impossible_decision_is_400_and_changes_nothing(client, url, outcome, data):
    before = client.get(url).json()
    answer = client.put(url, {"outcome_data": data})
    assert answer.status_code == 400
    assert list(answer.json()) == ["outcome_data"]
    assert client.get(url).json() == before
    assert outcome.revisions.count() == 1


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"0x1"])
def test_number_that_json_does_not_know_is_400(client, url, outcome, number):
    answer = client.put(url, b'{"outcome_data": {"score": ' + number + b"}}")
    assert answer.status_code == 400
    assert outcome.revisions.count() == 1


def test_persons_decision_outranks_a_later_run(api, client, url, submission, student, configurator):
    decided = client.put(url, {"outcome_data": {"score": 3}}).json()
    request_regrade(submission, by=configurator)
    grade(submission, reply_text(2))
    assert client.get(url).json() == decided
    assert seen_by(api, student, submission)["outcome_data"]["score"] == 3


# --- grading again -------------------------------------------------------------
@pytest.fixture(params=["generate-outcome", "generate_outcome"])
def spelling(request):
    return request.param


def generate(client, submission, spelling="generate_outcome", **query):
    text = "&".join(f"{name}={value}" for name, value in query.items())
    return client.post(f"/api/configure/submissions/{submission.pk}/{spelling}?{text}")


def states():
    return sorted(GradingRun.objects.values_list("state", flat=True))


@pytest.mark.parametrize("query", [{}, {"force_regenerate": "false"}, {"force_regenerate": "0"}])
def test_outcome_that_exists_is_400_unless_forced(client, submission, spelling, query):
    answer = generate(client, submission, spelling, **query)
    assert answer.status_code == 400
    assert isinstance(answer.json()["detail"], str)
    assert states() == ["succeeded"]


def test_force_that_is_no_flag_is_400(client, submission):
    answer = generate(client, submission, force_regenerate="maybe")
    assert (answer.status_code, list(answer.json())) == (400, ["force_regenerate"])
    assert states() == ["succeeded"]


@pytest.mark.parametrize("value", ["true", "True", "1"])
def test_forced_without_a_worker_is_202_and_says_where_to_look(client, submission, spelling, value):
    before = client.get(f"/api/configure/submissions/{submission.pk}").json()["outcome"]
    answer = generate(client, submission, spelling, force_regenerate=value)
    assert answer.status_code == 202
    assert answer.json()["submission_id"] == str(submission.pk)
    assert answer.json()["status"] == "queued"
    polled = client.get(answer["Location"])
    assert polled.status_code == 200
    assert (polled.json()["status"], polled.json()["outcome"]) == ("queued", before)
    assert states() == ["queued", "succeeded"]


def test_submission_in_the_queue_is_not_queued_twice(client, entry, student, spelling):
    submission = make_submission(entry, student)
    for _again in range(2):
        assert generate(client, submission, spelling).status_code == 202
        assert generate(client, submission, spelling, force_regenerate="true").status_code == 202
    assert states() == ["queued"]


def test_new_outcome_is_found_where_the_202_said(client, submission):
    answer = generate(client, submission, force_regenerate="true")
    grade(submission, reply_text(1))
    polled = client.get(answer["Location"]).json()
    assert (polled["status"], polled["outcome"]["outcome_data"]["score"]) == ("released", 7.5)


def test_failed_submission_can_be_graded_again(client, entry, student):
    submission = make_submission(entry, student)
    record_failure(claim(submission), TOO_LONG)
    assert generate(client, submission).status_code == 202
    assert states() == ["failed", "queued"]


def test_failed_regeneration_leaves_the_outcome(api, client, submission, student):
    place = f"/api/configure/submissions/{submission.pk}"
    before, seen = client.get(place).json(), seen_by(api, student, submission)
    generate(client, submission, force_regenerate="true")
    record_failure(claim(submission), TOO_LONG)
    assert client.get(place).json() == before
    assert seen_by(api, student, submission) == seen
    assert generate(client, submission, force_regenerate="true").status_code == 202


def when_queued(act):
    """Do what a worker would, once there is a run to take."""
    for _look in range(100):
        if GradingRun.objects.filter(state="queued").exists():
            return act()
        time.sleep(0.05)
    raise AssertionError("nothing was queued")


@pytest.mark.usefixtures("shared_database")
def test_outcome_that_is_ready_within_the_request_is_200(settings, client, submission, spelling):
    settings.GENERATE_WAIT_SECONDS = 10
    answer, outcome = in_threads(
        lambda: generate(client, submission, spelling, force_regenerate="true"),
        lambda: when_queued(lambda: grade(submission, reply_text(1))),
    )
    assert answer.status_code == 200
    assert answer.json()["outcome_id"] == str(outcome.pk)
    assert answer.json()["outcome_data"]["score"] == 7.5


@pytest.mark.usefixtures("shared_database")
def test_run_that_fails_within_the_request_is_202_with_the_cause(settings, client, submission):
    settings.GENERATE_WAIT_SECONDS = 10
    answer, _run = in_threads(
        lambda: generate(client, submission, force_regenerate="true"),
        lambda: when_queued(lambda: record_failure(claim(submission), TOO_LONG)),
    )
    assert answer.status_code == 202
    assert answer.json()["detail"] == "The answer and the rubric are too long for the provider."
    assert client.get(answer["Location"]).json()["outcome"]["outcome_data"]["score"] == 15


# --- where students stand ------------------------------------------------------
def test_states_list_everybody_enrolled_and_everybody_who_submitted(
    client, component, entry, submission, student, configurator
):
    quiet = UserFactory(enrolled_in=component)
    left = UserFactory(enrolled_in=component)
    make_submission(entry, left)
    unenroll_student(component, left, by=configurator)
    UserFactory()  # who has nothing to do with it
    rows = client.get(f"/api/configure/entries/{entry.pk}/student_states").json()
    assert {row["student_user_id"]: row["status"] for row in rows} == {
        str(student.pk): "outcome_available",
        str(quiet.pk): "not_submitted",
        str(left.pk): "submitted_processing",
    }
    (none,) = (row for row in rows if row["student_user_id"] == str(quiet.pk))
    assert none["submission"] is None
    assert len({row["state_id"] for row in rows}) == 3


def test_state_is_of_the_latest_submission(api, client, entry, submission, student):
    again = make_submission(entry, student)
    (row,) = client.get(f"/api/configure/entries/{entry.pk}/student_states").json()
    assert row["submission"]["submission_id"] == str(again.pk)
    own = api(student).get(f"/api/student/entries/{entry.pk}").json()["student_state"]
    assert own["submission"]["submission_id"] == str(again.pk)
    assert row["status"] == own["status"] == "submitted_processing"


def test_state_keeps_its_id_from_before_the_first_submission(api, client, entry, student):
    def ids():
        one = api(student).get(f"/api/student/entries/{entry.pk}").json()
        (row,) = api(student).get(f"/api/student/flexagecomps/{entry.component_id}/entries").json()
        (state,) = client.get(f"/api/configure/entries/{entry.pk}/student_states").json()
        return {place["state_id"] for place in (one["student_state"], row["student_state"], state)}

    before = ids()
    assert len(before) == 1
    grade(make_submission(entry, student))
    assert ids() == before
