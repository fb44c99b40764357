"""The queue."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from accounts.errors import ConflictError, DomainError
from components.services import set_rubric
from components.tests.factories import RUBRIC
from grading.engine.errors import REMEDIES, ErrorCode, GradingError, Remedy
from grading.enums import RunState
from grading.models import GradingRun
from grading.services.claims import claim_runs, is_stuck, seconds_until_due
from grading.services.grading import request_regrade
from grading.services.runs import (
    GIVE_UP_AFTER,
    MAX_BACKOFF_SECONDS,
    backoff_seconds,
    record_failure,
    renew_leases,
)
from grading.tests.concurrency import in_threads
from grading.tests.factories import ScriptedProvider, claim, grade, make_submission, step_of
from grading.worker import settle

pytestmark = pytest.mark.django_db
RETRIED, ENDING, FOREIGN = (
    sorted(code for code in ErrorCode if REMEDIES[code] in remedies)
    for remedies in ({Remedy.RETRY}, {Remedy.END}, {Remedy.SLOW_DOWN, Remedy.WAIT})
)


def ago(seconds):
    return timezone.now() - timedelta(seconds=seconds)


def claim_all(limit=100):
    return claim_runs(limit)


def failed(code=ErrorCode.TIMEOUT):
    return GradingError(code, "it broke", raw_reply="half a reply")


def lose_worker(run, *, attempts=None):
    """Leave a claimed run as a killed worker does: its lease runs out."""
    changes = {} if attempts is None else {"attempts": attempts}
    GradingRun.objects.filter(pk=run.pk).update(lease_expires_at=ago(1), **changes)


def lease_of(run):
    """Seconds that a run's lease still lasts."""
    return (run.lease_expires_at - timezone.now()).total_seconds()


@pytest.fixture
def submission(entry, student):
    return make_submission(entry, student)


# --- claiming ----------------------------------------------------------------
def test_claimed_run_is_running_under_a_lease(settings, submission):
    settings.GRADING_LEASE_SECONDS = 30
    claim_all()
    run = submission.runs.get()
    assert (run.state, run.attempts, run.claim is None) == (RunState.RUNNING, 1, False)
    assert 25 < lease_of(run) <= 30
    assert run.started_at is not None


def test_claim_brings_all_that_grading_needs(submission, django_assert_num_queries):
    (run,) = claim_all()
    with django_assert_num_queries(0):
        assert run.submission.entry.instructions
        assert run.rubric.spec


def test_oldest_runs_are_claimed_first_up_to_the_limit(entry):
    submissions = [make_submission(entry) for _i in range(3)]
    for number, submission in enumerate(submissions):
        submission.runs.update(created_at=ago(number))
    assert [run.submission for run in claim_all(2)] == [submissions[2], submissions[1]]


def test_run_that_is_not_due_yet_is_left(submission):
    submission.runs.update(due_at=ago(-5))
    assert claim_all() == []


def test_run_under_a_live_lease_is_not_claimed_again(submission):
    claim_all()
    assert claim_all() == []


@pytest.mark.parametrize(
    "end",
    [grade, lambda submission: record_failure(claim(submission), failed(ErrorCode.BAD_REQUEST))],
)
def test_ended_run_is_not_claimed(submission, end):
    end(submission)
    assert claim_all() == []


def test_expired_lease_is_taken_over_as_another_attempt(submission):
    lost = claim(submission)
    lose_worker(lost)
    (taken,) = claim_all()
    assert (taken.pk, taken.attempts, taken.claim != lost.claim) == (lost.pk, 2, True)
    assert taken.started_at == lost.started_at


def test_run_that_loses_every_worker_ends_as_failed(settings, submission):
    settings.GRADING_MAX_ATTEMPTS = 3
    lose_worker(claim(submission), attempts=3)
    assert claim_all() == []
    run = submission.runs.get()
    assert (run.state, run.error_code) == (RunState.FAILED, ErrorCode.WORKER_LOST)
    assert (run.attempts, run.claim, run.lease_expires_at) == (3, None, None)


def test_nothing_to_claim_takes_no_write_lock(db, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert claim_all() == []


@pytest.mark.usefixtures("shared_database")
def test_claimers_at_the_same_moment_share_the_runs(settings, entry):
    settings.GRADING_CONCURRENCY = 12
    for _i in range(12):
        make_submission(entry)
    claims = in_threads(*[partial(claim_all, 2)] * 6)
    taken = [run.pk for runs in claims for run in runs]
    assert len(taken) == len(set(taken)) == GradingRun.objects.filter(attempts=1).count()
    while runs := claim_all(2):
        taken += [run.pk for run in runs]
    assert len(taken) == len(set(taken)) == 12


@pytest.mark.usefixtures("shared_database")
def test_lost_run_is_taken_over_by_one_claimer_only(entry, student):
    lose_worker(claim(make_submission(entry, student)))
    claims = in_threads(*[claim_all] * 6)
    assert sum(len(runs) for runs in claims) == 1
    assert GradingRun.objects.get().attempts == 2


# --- leases ------------------------------------------------------------------
def test_renewed_lease_starts_anew(settings, submission):
    settings.GRADING_LEASE_SECONDS = 30
    run = claim(submission)
    lose_worker(run)
    renew_leases([run])
    assert claim_all() == []
    assert lease_of(submission.runs.get()) > 25


def test_lost_claim_renews_nothing(submission):
    lost = claim(submission)
    lose_worker(lost)
    (taken,) = claim_all()
    lose_worker(taken)
    renew_leases([lost])
    assert lease_of(submission.runs.get()) < 0


def test_renewing_nothing_changes_nothing(submission, django_assert_num_queries):
    with django_assert_num_queries(0):
        renew_leases([])


# --- when to look again ------------------------------------------------------
def test_empty_queue_is_never_due(submission):
    grade(submission)
    assert seconds_until_due() is None


@pytest.mark.parametrize(("due_in", "expected"), [(-5, 0), (0, 0), (20, 20)])
def test_queue_is_due_when_its_next_run_is(entry, due_in, expected):
    make_submission(entry).runs.update(due_at=ago(-due_in))
    make_submission(entry).runs.update(due_at=ago(-100))
    assert seconds_until_due() == pytest.approx(expected, abs=2)


def test_running_run_is_due_when_its_lease_ends(settings, submission):
    settings.GRADING_LEASE_SECONDS = 30
    claim(submission)
    assert seconds_until_due() == pytest.approx(30, abs=2)


# --- failing -----------------------------------------------------------------
@pytest.mark.parametrize("code", RETRIED)
def test_passing_fault_puts_the_run_back_for_later(settings, submission, code):
    settings.GRADING_RETRY_SECONDS = 10
    record_failure(claim(submission), failed(code))
    run = submission.runs.get()
    assert (run.state, run.error_code, run.attempts) == (RunState.QUEUED, code, 1)
    assert (run.claim, run.lease_expires_at, run.finished_at) == (None, None, None)
    assert 4 < (run.due_at - timezone.now()).total_seconds() <= 10


@pytest.mark.parametrize("code", ENDING)
def test_lasting_fault_ends_the_run_at_once(submission, code):
    record_failure(claim(submission), failed(code))
    run = submission.runs.get()
    assert (run.state, run.error_code, run.is_active) == (RunState.FAILED, code, False)
    assert run.finished_at is not None


def test_passing_fault_of_the_last_attempt_ends_the_run(settings, submission):
    settings.GRADING_MAX_ATTEMPTS, settings.GRADING_RETRY_SECONDS = 2, 0
    for state in (RunState.QUEUED, RunState.FAILED):
        record_failure(claim(submission), failed())
        assert submission.runs.get().state == state


def test_failure_keeps_its_detail_and_the_reply(submission):
    settle(step_of(claim(submission), ScriptedProvider(failed())))
    run = submission.runs.get()
    assert (run.error_message, run.raw_reply) == ("it broke", "half a reply")
    assert run.cause == "The provider did not answer in time."


def test_failure_with_unstorable_or_endless_texts_is_recorded(submission):
    error = GradingError(ErrorCode.BAD_REQUEST, "x\x00" * 5000, raw_reply="\x00\ud800")
    settle(step_of(claim(submission), ScriptedProvider(error)))
    run = submission.runs.get()
    assert (len(run.error_message), run.raw_reply) == (2000, "\ufffd\ufffd")


@pytest.mark.parametrize("code", FOREIGN)
def test_trouble_of_the_provider_costs_a_run_no_attempt(settings, submission, code):
    settings.GRADING_MAX_ATTEMPTS = 1
    record_failure(claim(submission), failed(code))
    run = submission.runs.get()
    assert (run.state, run.error_code, run.attempts, run.calls) == (RunState.QUEUED, code, 0, 1)


def test_outage_that_is_known_costs_a_run_no_attempt(settings, submission):
    settings.GRADING_MAX_ATTEMPTS = 1
    record_failure(claim(submission), failed(ErrorCode.OVERLOADED), is_outage=True)
    assert submission.runs.get().state == RunState.QUEUED


@pytest.mark.parametrize("code", FOREIGN)
def test_trouble_of_the_provider_that_lasts_a_day_is_a_persons(submission, code):
    submission.runs.update(created_at=timezone.now() - GIVE_UP_AFTER)
    record_failure(claim(submission), failed(code))
    run = submission.runs.get()
    assert (run.state, run.error_code) == (RunState.FAILED, code)


def test_failure_under_a_lost_claim_changes_nothing(submission):
    lost = claim(submission)
    lose_worker(lost)
    (taken,) = claim_all()
    assert record_failure(lost, failed(ErrorCode.BAD_REQUEST)) is None
    run = submission.runs.get()
    assert (run.state, run.claim, run.error_code) == (RunState.RUNNING, taken.claim, "")


def test_failure_is_no_grade(submission):
    record_failure(claim(submission), failed(ErrorCode.BAD_REQUEST))
    submission.refresh_from_db()
    assert submission.current_outcome is None


def test_success_after_a_failure_leaves_no_cause(settings, submission):
    settings.GRADING_RETRY_SECONDS = 0
    record_failure(claim(submission), failed())
    grade(submission)
    run = submission.runs.get()
    assert (run.state, run.error_code, run.error_message) == (RunState.SUCCEEDED, "", "")
    assert run.attempts == 2


@pytest.mark.parametrize(
    ("attempts", "least", "most"), [(1, 2.5, 5), (2, 5, 10), (3, 10, 20), (30, 300, 600)]
)
def test_backoff_doubles_with_jitter_up_to_a_cap(settings, attempts, least, most):
    settings.GRADING_RETRY_SECONDS = 5
    waits = {backoff_seconds(attempts) for _i in range(50)}
    assert least <= min(waits) < max(waits) <= most <= MAX_BACKOFF_SECONDS


# --- grading again -----------------------------------------------------------
def test_regrade_queues_a_run_with_the_rubric_of_now(submission, configurator):
    grade(submission)
    definition = {**RUBRIC, "criteria": [{"text": "New", "marks": 1}, {"text": "Er", "marks": 2}]}
    entry = set_rubric(submission.entry, definition, expected_revision=0, by=configurator)
    submission.entry.refresh_from_db()
    run = request_regrade(submission, by=configurator)
    assert (run.state, run.rubric, run.requested_by) == (
        RunState.QUEUED,
        entry.rubric,
        configurator,
    )
    assert submission.runs.count() == 2


@pytest.mark.parametrize("who", ["student", "stranger", "outsider"])
def test_regrade_is_for_people_in_charge_only(request, submission, who):
    grade(submission)
    with pytest.raises(DomainError) as caught:
        request_regrade(submission, by=request.getfixturevalue(who))
    assert (caught.value.code, submission.runs.count()) == ("forbidden", 1)


@pytest.mark.parametrize("prepare", [lambda submission: None, claim], ids=["queued", "running"])
def test_regrade_of_what_is_being_graded_is_refused(submission, configurator, prepare):
    prepare(submission)
    with pytest.raises(DomainError) as caught:
        request_regrade(submission, by=configurator)
    assert (caught.value.code, type(caught.value)) == ("already_grading", ConflictError)
    assert submission.runs.count() == 1


def test_regrade_after_a_failure_is_a_run_of_its_own(submission, admin):
    record_failure(claim(submission), failed(ErrorCode.BAD_REQUEST))
    request_regrade(submission, by=admin)
    assert [run.state for run in submission.runs.all()] == [RunState.FAILED, RunState.QUEUED]


def test_regrade_that_fails_keeps_the_outcome(submission, configurator):
    outcome = grade(submission)
    request_regrade(submission, by=configurator)
    record_failure(claim(submission), failed(ErrorCode.BAD_REQUEST))
    before = (outcome.current_id, outcome.released_id)
    outcome.refresh_from_db()
    assert (outcome.current_id, outcome.released_id) == before


@pytest.mark.usefixtures("shared_database")
def test_regrades_at_the_same_moment_are_one_run(entry, student, configurator):
    submission = make_submission(entry, student)
    grade(submission)

    def regrade():
        try:
            return request_regrade(submission, by=configurator)
        except DomainError as error:
            return error.code

    results = in_threads(*[regrade] * 4)
    assert results.count("already_grading") == 3
    assert submission.runs.active().count() == 1


# --- the watchdog --------------------------------------------------------------
def test_queue_is_stuck_when_work_lies_and_nobody_has_any_in_hand(submission):
    assert not is_stuck()
    submission.runs.update(due_at=ago(61))
    assert is_stuck()


def test_queue_is_not_stuck_while_a_worker_has_something_in_hand(entry, submission):
    claim_all()
    other = make_submission(entry)
    other.runs.update(due_at=ago(61))
    assert not is_stuck()


def test_queue_is_stuck_when_a_lost_run_is_not_taken_up(submission):
    claim_all()
    submission.runs.update(lease_expires_at=ago(61))
    assert is_stuck()
