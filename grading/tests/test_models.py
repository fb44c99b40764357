"""What the database refuses, what follows from the rows, and what a deletion leaves."""

import uuid
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from accounts.tests.factories import UserFactory
from components.models import Rubric
from components.services import delete_component, delete_entry, set_rubric
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.types import ReviewReason
from grading.enums import ERROR_SENTENCES, REVIEW_SENTENCES, RunState, SubmissionStatus
from grading.models import (
    EntryGrading,
    GradingBatch,
    GradingRun,
    HumanScore,
    Outcome,
    OutcomeRevision,
    ReviewRequest,
    StudentEntryState,
    Submission,
)
from grading.services.grading import request_regrade
from grading.services.outcomes import CriterionDecision, override_outcome, release_outcome
from grading.services.runs import record_failure, stop_run
from grading.tests.factories import claim, grade, make_submission, reply_text

pytestmark = pytest.mark.django_db
UNSURE = reply_text(1, confidence=5)


@pytest.fixture
def submission(entry, student):
    return make_submission(entry, student)


def person_in_charge(submission):
    return submission.entry.component.configurators.get()


def fail(submission, code=ErrorCode.TOO_LONG):
    record_failure(claim(submission), GradingError(code, "it broke"))


def override(submission):
    return override_outcome(
        submission,
        decisions=[CriterionDecision(0), CriterionDecision(0)],
        feedback="Look again.",
        reason="Too strict.",
        expected_revision=None,
        by=person_in_charge(submission),
    )


def regrade(submission):
    return request_regrade(submission, by=person_in_charge(submission))


# --- impossible states -------------------------------------------------------
@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"state": "lost"}, id="unknown"),
        pytest.param({"state": "running"}, id="running-without-claim"),
        pytest.param({"state": "running", "claim": uuid.uuid4()}, id="running-without-lease"),
        pytest.param({"claim": uuid.uuid4()}, id="queued-with-claim"),
        pytest.param({"lease_expires_at": timezone.now()}, id="queued-with-lease"),
        pytest.param({"finished_at": timezone.now()}, id="queued-but-finished"),
        pytest.param({"state": "succeeded"}, id="succeeded-without-time"),
        pytest.param({"state": "failed", "finished_at": timezone.now()}, id="failed-without-cause"),
        pytest.param({"state": "failed", "error_code": "timeout"}, id="failed-without-time"),
        pytest.param({"attempts": -1}, id="attempts-below-0"),
    ],
)
def test_impossible_run_is_refused(submission, state):
    with pytest.raises(IntegrityError), transaction.atomic():
        submission.runs.update(**state)


def test_second_active_run_of_a_submission_is_refused(submission):
    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        GradingRun.objects.create(submission=submission, created_at=now, due_at=now)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"released": None}, id="unreleased-but-sound"),
        pytest.param({"released_at": None}, id="released-without-time"),
        pytest.param({"released": None, "released_at": None}, id="nothing-to-show-or-to-do"),
    ],
)
def test_impossible_outcome_is_refused(submission, state):
    grade(submission)
    with pytest.raises(IntegrityError), transaction.atomic():
        Outcome.objects.update(**state)


def test_sound_outcome_whose_released_revision_is_not_in_force_is_refused(submission):
    outcome = grade(submission)
    first = outcome.current
    override(submission)
    with pytest.raises(IntegrityError), transaction.atomic():
        Outcome.objects.update(released=first)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param({"score": -1}, id="score-below-0"),
        pytest.param({"score": 16}, id="score-above-best"),
        pytest.param({"confidence": 101}, id="confidence-above-100"),
        pytest.param({"grader": "person"}, id="person-with-run"),
        pytest.param({"run": None}, id="ai-without-run"),
    ],
)
def test_impossible_revision_is_refused(submission, state):
    grade(submission)
    with pytest.raises(IntegrityError), transaction.atomic():
        OutcomeRevision.objects.update(**state)


@pytest.mark.parametrize("state", [{"content": ""}, {"attempt": 0}], ids=repr)
def test_impossible_submission_is_refused(submission, state):
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.update(**state)


@pytest.mark.parametrize(
    "fields", [{"attempt": 1}, {"attempt": 2, "idempotency_key": "k"}], ids=repr
)
def test_second_submission_of_the_same_attempt_or_key_is_refused(entry, student, fields):
    make_submission(entry, student, idempotency_key="k")
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.create(
            entry=entry, student=student, content="x", submitted_at=timezone.now(), **fields
        )


def test_second_state_of_a_student_in_an_entry_is_refused(submission):
    with pytest.raises(IntegrityError), transaction.atomic():
        StudentEntryState.objects.create(entry=submission.entry, student=submission.student)


def test_unknown_state_of_a_student_is_refused(submission):
    with pytest.raises(IntegrityError), transaction.atomic():
        StudentEntryState.objects.update(status="lost")


# --- status ------------------------------------------------------------------
STATUSES = {
    "queued": (lambda s: None, SubmissionStatus.QUEUED),
    "running": (claim, SubmissionStatus.GRADING),
    "waiting for a retry": (lambda s: fail(s, ErrorCode.TIMEOUT), SubmissionStatus.QUEUED),
    "failed": (fail, SubmissionStatus.NEEDS_PERSON),
    "stopped": (
        lambda s: stop_run(s, by=person_in_charge(s)),
        SubmissionStatus.NEEDS_PERSON,
    ),
    "never queued": (lambda s: s.runs.all().delete(), SubmissionStatus.NEEDS_PERSON),
    "held": (lambda s: grade(s, UNSURE), SubmissionStatus.NEEDS_PERSON),
    "released": (grade, SubmissionStatus.RELEASED),
    "overridden": (lambda s: (grade(s, UNSURE), override(s)), SubmissionStatus.RELEASED),
    "graded again": (lambda s: (grade(s), regrade(s)), SubmissionStatus.QUEUED),
    "graded again in vain": (lambda s: (grade(s), regrade(s), fail(s)), SubmissionStatus.RELEASED),
    "held again": (
        lambda s: (grade(s), regrade(s), grade(s, UNSURE)),
        SubmissionStatus.NEEDS_PERSON,
    ),
}


@pytest.mark.parametrize(("reach", "status"), STATUSES.values(), ids=STATUSES)
def test_status_is_the_same_for_a_row_and_for_the_database(submission, reach, status):
    reach(submission)
    submissions = Submission.objects.with_latest_run().with_outcome()
    assert submissions.get().status == status
    assert [item for item in SubmissionStatus if submissions.in_status(item).exists()] == [status]


LATE = {
    "queued": (lambda s: None, False),
    "running": (claim, False),
    "failed": (fail, True),
    "waiting for a retry": (lambda s: fail(s, ErrorCode.TIMEOUT), True),
    "graded": (grade, False),
}


@pytest.mark.parametrize(("reach", "is_late"), LATE.values(), ids=LATE)
def test_run_is_late_once_something_went_wrong(submission, reach, is_late):
    reach(submission)
    assert submission.runs.get().is_late == is_late


def test_run_taken_over_from_a_lost_worker_is_late(submission):
    claim(submission)
    past = timezone.now() - timedelta(seconds=1)
    submission.runs.update(lease_expires_at=past)
    assert claim(submission).is_late


@pytest.mark.parametrize("code", ErrorCode)
def test_every_cause_has_a_sentence(code):
    assert GradingRun(error_code=code).cause == str(ERROR_SENTENCES[code])


@pytest.mark.parametrize("reason", ReviewReason)
def test_every_review_reason_has_a_sentence(reason):
    assert Outcome(review_reasons=[reason]).review_sentences == [str(REVIEW_SENTENCES[reason])]


@pytest.mark.parametrize(
    ("score", "best", "percent"), [(15, 15, 100), (0, 15, 0), (1, 3, 33), (2, 3, 66), (0, 0, 0)]
)
def test_percent_is_rounded_down(score, best, percent):
    assert OutcomeRevision(score=score, max_score=best).percent == percent


# --- who sees what -----------------------------------------------------------
def test_submissions_are_seen_by_their_student_and_the_people_in_charge(
    submission, student, configurator, admin, stranger, outsider
):
    def seen(user):
        return Submission.objects.visible_to(user).exists()

    assert [seen(user) for user in (student, configurator, admin)] == [True] * 3
    assert [seen(user) for user in (stranger, outsider)] == [False] * 2


def test_deactivated_people_see_nothing(submission, student, configurator):
    for user in (student, configurator):
        user.is_active = False
        assert not Submission.objects.visible_to(user).exists()


# --- deletion ----------------------------------------------------------------
@pytest.fixture
def full(submission):
    """A submission with all that can hang on it: runs of every kind, revisions, human scores."""
    grade(submission, UNSURE)
    release_outcome(submission, expected_revision=1, by=person_in_charge(submission))
    override(submission)
    regrade(submission)
    fail(submission)
    regrade(submission)
    grade(submission)
    regrade(submission)
    claim(submission)
    HumanScore.objects.create(
        submission=submission, rubric=submission.entry.rubric, grader="g", criterion=0, points=1
    )
    now = timezone.now()
    ReviewRequest.objects.create(submission=submission, reason="Look again.", created_at=now)
    EntryGrading.objects.create(entry=submission.entry, opinions=2)
    GradingBatch.objects.create(entry=submission.entry, created_at=now)
    return submission


def rows():
    """The models of grading that have any row."""
    connection.check_constraints()
    models = apps.get_app_config("grading").get_models()
    found = {model.__name__ for model in models if model._default_manager.exists()}
    return found - {"ProviderGate"}  # which belongs to nobody


@pytest.mark.parametrize(
    ("delete", "left"),
    [
        pytest.param(
            lambda s: s.student.delete(),
            {"DayUsage", "EntryGrading", "GradingBatch"},
            id="student",
        ),
        pytest.param(
            lambda s: delete_entry(s.entry, by=person_in_charge(s)), {"DayUsage"}, id="entry"
        ),
        pytest.param(
            lambda s: delete_component(s.entry.component, by=person_in_charge(s)),
            set(),
            id="component",
        ),
    ],
)
def test_deletion_takes_everything_that_hangs_on_it(full, delete, left):
    assert len(rows()) == 10
    delete(full)
    assert rows() == left
    assert Rubric.objects.count() == 1


def test_deletion_leaves_what_others_handed_in(full):
    EntryGrading.objects.all().delete()
    full.entry.refresh_from_db()
    other = make_submission(full.entry)
    outcome = grade(other)
    full.student.delete()
    connection.check_constraints()
    assert list(Outcome.objects.all()) == [outcome]
    assert other.runs.get().state == RunState.SUCCEEDED


def test_deleted_submission_leaves_the_state_without_it(full):
    full.delete()
    assert rows() == {"StudentEntryState", "DayUsage", "EntryGrading", "GradingBatch"}
    assert StudentEntryState.objects.get().latest_submission is None


def test_decision_outlives_the_person_who_took_it(full):
    person = person_in_charge(full)
    full.entry.component.configurators.add(UserFactory(configurator=True))
    person.delete()
    connection.check_constraints()
    assert OutcomeRevision.objects.get(number=2).created_by is None
    assert Outcome.objects.get().released_by is None


def test_rubric_that_was_graded_with_cannot_be_deleted(full, configurator):
    set_rubric(full.entry, {}, expected_revision=None, by=configurator)
    with pytest.raises(ProtectedError):
        Rubric.objects.get().delete()
