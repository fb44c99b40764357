"""The drain: what becomes of queued runs, whatever the provider does."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django_q.models import OrmQ

from components.models import Rubric
from components.tests.factories import EntryFactory
from grading import worker
from grading.engine.errors import ErrorCode, GradingError
from grading.enums import EntryStatus, GraderKind, RunState
from grading.models import GradingRun, Outcome, OutcomeRevision, StudentEntryState, Submission
from grading.services.claims import claim_runs
from grading.services.outcomes import CriterionDecision, override_outcome
from grading.tasks import drain_queue
from grading.tests.factories import ScriptedProvider, make_submission, reply_text
from grading.tests.fakes.gemini import FakeGemini
from grading.worker import drain_runs, process_providers, stop_requested

pytestmark = pytest.mark.django_db
OVERLOADED = GradingError(ErrorCode.OVERLOADED, "try later")


@pytest.fixture(autouse=True)
def quick(settings):
    settings.GRADING_RETRY_SECONDS = 0
    settings.GRADING_MAX_ATTEMPTS = 3


@pytest.fixture(autouse=True)
def fresh_state():
    yield
    stop_requested.clear()
    process_providers.cache_clear()


class ActingProvider(ScriptedProvider):
    """Does something, in a thread of its own, before it answers."""

    def __init__(self, act, *replies):
        super().__init__(*replies)
        self.act = act

    async def complete(self, request, prompt):
        # A thread of its own: one that is used again would keep another test's connection.
        with ThreadPoolExecutor(1) as pool:
            await asyncio.get_running_loop().run_in_executor(pool, self._act)
        return await super().complete(request, prompt)

    def _act(self):
        try:
            self.act()
        finally:
            connection.close()


def drain_with(provider):
    return drain_runs(lambda _config: provider)


def drain(*replies):
    return drain_with(ScriptedProvider(*replies))


def the_run():
    run = GradingRun.objects.get()
    return run.state, run.error_code, run.attempts


def test_everything_in_the_queue_is_graded(entry):
    submissions = [make_submission(entry) for _i in range(5)]
    assert drain() == 5
    assert Outcome.objects.filter(submission__in=submissions).count() == 5
    assert not GradingRun.objects.exclude(state=RunState.SUCCEEDED, attempts=1).exists()


def test_empty_queue_is_left_at_once(db):
    assert drain() == 0


def test_provider_learns_nothing_about_the_person(entry, student):
    make_submission(entry, student, title="By Ann Lee")
    provider = ScriptedProvider()
    drain_with(provider)
    seen = repr(provider.requests)
    for fact in (student.full_name, student.email, str(student.pk), "Ann Lee"):
        assert fact not in seen


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("", ErrorCode.MALFORMED_REPLY),
        ("I would give full marks.", ErrorCode.MALFORMED_REPLY),
        ("null", ErrorCode.MALFORMED_REPLY),
        ("{}", ErrorCode.INCOMPLETE_REPLY),
        (reply_text(criteria=1), ErrorCode.INCOMPLETE_REPLY),
        (reply_text(7), ErrorCode.MALFORMED_REPLY),
        (reply_text(confidence=1000), ErrorCode.MALFORMED_REPLY),
        (reply_text()[:-9], ErrorCode.MALFORMED_REPLY),
        (OVERLOADED, ErrorCode.OVERLOADED),
        (ZeroDivisionError("x"), ErrorCode.INTERNAL),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_sound_reply_never_shows_as_a_grade(entry, student, reply, code):
    make_submission(entry, student)
    assert drain(reply) == 3
    assert the_run() == (RunState.FAILED, code, 3)
    assert not OutcomeRevision.objects.exists()
    assert StudentEntryState.objects.get().status == EntryStatus.SUBMITTED_PROCESSING


@pytest.mark.parametrize("code", [ErrorCode.SAFETY_BLOCK, ErrorCode.TOO_LONG])
def test_lasting_fault_is_not_tried_again(entry, code):
    make_submission(entry)
    assert drain(GradingError(code, "no")) == 1
    assert the_run() == (RunState.FAILED, code, 1)


@pytest.mark.parametrize("fault", [OVERLOADED, "garbage", ZeroDivisionError("x")], ids=repr)
def test_passing_fault_is_tried_again_until_it_is_gone(entry, fault):
    make_submission(entry)
    assert drain(fault, fault, reply_text()) == 3
    assert the_run() == (RunState.SUCCEEDED, "", 3)
    assert Outcome.objects.get().revisions.count() == 1


def test_unexpected_error_is_recorded_without_its_text(entry):
    make_submission(entry)
    drain(RuntimeError("secret key 123"))
    assert GradingRun.objects.get().error_message == "RuntimeError"


def test_fault_of_one_run_leaves_the_others_alone(entry):
    for _i in range(4):
        make_submission(entry)
    drain(GradingError(ErrorCode.BAD_REQUEST, "no"), reply_text())
    assert Outcome.objects.count() == 3
    assert GradingRun.objects.filter(state=RunState.FAILED).count() == 1


def test_entry_without_a_rubric_cannot_be_graded(component):
    make_submission(EntryFactory(component=component, without_rubric=True))
    provider = ScriptedProvider()
    assert drain_with(provider) == 1
    assert the_run() == (RunState.FAILED, ErrorCode.NO_RUBRIC, 1)
    assert provider.requests == []


def test_rubric_that_cannot_be_read_stops_its_own_run_only(entry, component):
    broken = Rubric.objects.create(content_hash="broken", definition={"criteria": 5})
    make_submission(EntryFactory(component=component, rubric=broken))
    good = make_submission(entry)
    drain()
    assert Outcome.objects.get().submission == good
    run = GradingRun.objects.get(rubric=broken)
    assert (run.state, run.error_code, run.attempts) == (RunState.FAILED, ErrorCode.INTERNAL, 3)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_as_many_calls_as_allowed_are_in_flight(settings, entry, concurrency):
    for _i in range(6):
        make_submission(entry)
    gate = threading.Barrier(concurrency, timeout=10)
    in_flight, most, lock = 0, 0, threading.Lock()

    def act():
        nonlocal in_flight, most
        with lock:
            in_flight += 1
            most = max(most, in_flight)
        gate.wait()  # opens when `concurrency` calls are in flight
        with lock:
            in_flight -= 1

    settings.GRADING_CONCURRENCY = concurrency
    assert drain_with(ActingProvider(act)) == 6
    assert (most, Outcome.objects.count()) == (concurrency, 6)


@pytest.mark.usefixtures("shared_database")
def test_no_more_runs_are_claimed_than_calls_are_in_flight(settings, entry):
    for _i in range(6):
        make_submission(entry)
    running = GradingRun.objects.filter(state=RunState.RUNNING)
    counts = []
    settings.GRADING_CONCURRENCY = 2
    drain_with(ActingProvider(lambda: counts.append(running.count())))
    assert (len(counts), max(counts)) == (6, 2)


def test_evaluation_under_the_confidence_of_the_settings_is_held(settings, entry):
    settings.GRADING_REVIEW_BELOW = 95
    make_submission(entry)
    drain(reply_text(confidence=94))
    assert Outcome.objects.get().review_reasons == ["low_confidence"]


def test_stop_lets_calls_in_flight_end_and_takes_no_more(settings, entry):
    settings.GRADING_CONCURRENCY = 2
    for _i in range(4):
        make_submission(entry)
    both = threading.Barrier(2, action=stop_requested.set, timeout=10)
    assert drain_with(ActingProvider(both.wait)) == 2
    assert Outcome.objects.count() == 2
    assert GradingRun.objects.filter(state=RunState.QUEUED, attempts=0).count() == 2


def test_stop_does_not_wait_for_retries(settings, entry):
    settings.GRADING_RETRY_SECONDS = 60
    make_submission(entry)
    drain_with(ActingProvider(stop_requested.set, OVERLOADED))
    assert the_run() == (RunState.QUEUED, ErrorCode.OVERLOADED, 1)


def test_drain_waits_for_a_retry_that_is_due_soon(settings, entry):
    settings.GRADING_RETRY_SECONDS = 0.6
    make_submission(entry)
    started = time.monotonic()
    assert drain(OVERLOADED, reply_text()) == 2
    assert time.monotonic() - started >= 0.3


def test_drain_leaves_a_retry_that_is_due_much_later(settings, entry):
    settings.GRADING_RETRY_SECONDS = 10 * worker.LINGER_SECONDS
    make_submission(entry)
    assert drain(OVERLOADED, reply_text()) == 1
    assert the_run() == (RunState.QUEUED, ErrorCode.OVERLOADED, 1)


def test_drain_whose_time_is_up_wakes_the_next_one(monkeypatch, entry):
    monkeypatch.setattr(worker, "MAX_SECONDS", -1)
    make_submission(entry)
    assert drain() == 0
    assert OrmQ.objects.get().func() == "grading.tasks.drain_queue"
    assert the_run() == (RunState.QUEUED, "", 0)


@pytest.mark.usefixtures("shared_database")
def test_lease_is_renewed_while_the_provider_takes_its_time(settings, entry):
    settings.GRADING_LEASE_SECONDS = 1
    make_submission(entry)
    taken = []

    def act():
        time.sleep(1.6)
        taken.extend(claim_runs(10))

    assert drain_with(ActingProvider(act)) == 1
    assert (taken, the_run()) == ([], (RunState.SUCCEEDED, "", 1))


@pytest.mark.usefixtures("shared_database")
def test_submission_deleted_in_flight_leaves_nothing(entry):
    make_submission(entry)
    drain_with(ActingProvider(Submission.objects.all().delete))
    assert not GradingRun.objects.exists()
    assert not OutcomeRevision.objects.exists()


@pytest.mark.usefixtures("shared_database")
def test_override_in_flight_wins(entry, configurator):
    submission = make_submission(entry)

    def act():
        override_outcome(
            submission,
            decisions=[CriterionDecision(2), CriterionDecision(2)],
            feedback="Mine.",
            reason="",
            expected_revision=0,
            by=configurator,
        )

    drain_with(ActingProvider(act))
    outcome = Outcome.objects.get()
    assert (outcome.current.is_by_person, outcome.released) == (True, outcome.current)
    assert outcome.revisions.count() == 2


@pytest.mark.usefixtures("shared_database")
def test_run_taken_over_in_flight_is_recorded_once(settings, entry):
    settings.GRADING_LEASE_SECONDS = 1
    make_submission(entry)
    first_attempt = GradingRun.objects.filter(attempts=1)

    def act():
        first_attempt.update(claim="00000000-0000-0000-0000-000000000000")

    assert drain_with(ActingProvider(act)) == 2
    assert the_run() == (RunState.SUCCEEDED, "", 2)
    assert OutcomeRevision.objects.count() == 1


# --- the task ----------------------------------------------------------------
def test_task_grades_with_the_simulator_by_default(entry):
    make_submission(entry)
    assert drain_queue() == 1
    assert OutcomeRevision.objects.get().grader == GraderKind.SIMULATOR
    assert GradingRun.objects.get().provider == "simulator"


def test_task_grades_with_gemini_where_the_settings_say_so(settings, entry):
    settings.GRADING_PROVIDER, settings.GOOGLE_API_KEY = "gemini", "a-key"
    settings.GRADING_MODEL = "gemini-test"
    make_submission(entry)
    with FakeGemini() as fake:
        settings.GOOGLE_API_ENDPOINT = fake.url
        assert drain_queue() == 1
    assert OutcomeRevision.objects.get().grader == GraderKind.AI
    assert GradingRun.objects.get().model == "gemini-test-fake"


def test_task_may_be_called_any_number_of_times(entry):
    make_submission(entry)
    assert [drain_queue() for _i in range(3)] == [1, 0, 0]
    assert OutcomeRevision.objects.count() == 1
