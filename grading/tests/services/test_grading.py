"""Where grading begins: by rule, by several calls, in bulk; how it is stopped and resumed."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.errors import DomainError
from components.tests.factories import EntryFactory
from grading.engine.errors import ErrorCode, GradingError
from grading.enums import EntryStatus, GraderKind, RunState
from grading.models import (
    DayUsage,
    EntryGrading,
    GradingRun,
    Outcome,
    OutcomeRevision,
    StudentEntryState,
)
from grading.services.budgets import usage_of
from grading.services.claims import claim_runs
from grading.services.grading import (
    estimate_batch,
    request_regrade,
    resume_batch,
    start_batch,
    stop_batch,
)
from grading.services.policies import set_component_grading, set_entry_grading
from grading.services.runs import forget_raw_texts, record_failure, resume_run, stop_run
from grading.tests.factories import (
    ProviderProfileFactory,
    ScriptedProvider,
    claim,
    grade,
    make_submission,
    reply_text,
    step_of,
)
from grading.worker import drain_runs, settle

pytestmark = pytest.mark.django_db


def drain(*replies):
    provider = ScriptedProvider(*replies)
    drain_runs(lambda _config: provider)
    return provider


def policy(entry, **fields):
    EntryGrading.objects.update_or_create(entry=entry, defaults=fields)
    entry.refresh_from_db()


# --- decided without a call ------------------------------------------------------
def test_answer_that_is_too_short_is_decided_at_once(entry, student):
    policy(entry, min_words=10)
    submission = make_submission(entry, student, content="<p>Plants eat light.</p>")
    revision = OutcomeRevision.objects.get()
    assert (revision.grader, revision.score) == (GraderKind.RULE, Decimal(0))
    assert GradingRun.objects.get().calls == 0
    assert "10" in revision.feedback
    assert claim_runs() == []
    assert StudentEntryState.objects.get().status == EntryStatus.OUTCOME_AVAILABLE
    assert submission.runs.get().state == RunState.SUCCEEDED


def test_answer_that_is_long_enough_is_queued(entry, student):
    policy(entry, min_words=3)
    make_submission(entry, student, content="<p>Plants eat light.</p>")
    assert GradingRun.objects.get().state == RunState.QUEUED


def test_answer_of_punctuation_is_none(entry, student):
    make_submission(entry, student, content="<p>?! ...</p>")
    assert OutcomeRevision.objects.get().grader == GraderKind.RULE


# --- several calls -----------------------------------------------------------------
def test_second_opinion_that_agrees_is_released(entry, student):
    policy(entry, opinions=2)
    make_submission(entry, student)
    provider = drain()
    revision, run = OutcomeRevision.objects.get(), GradingRun.objects.get()
    assert Outcome.objects.get().released == revision
    assert [prompt.temperature for prompt in provider.prompts] == [None, 0.7]
    assert [item["opinions"] for item in revision.criteria] == [[0, 0], [0, 0]]
    assert (run.calls, run.input_tokens) == (2, 200)
    assert [entry["opinion"] for entry in run.log] == [0, 1]


def test_opinions_that_differ_are_a_persons(entry, student):
    policy(entry, opinions=2)
    make_submission(entry, student)
    drain(reply_text(0), reply_text(1))
    outcome = Outcome.objects.get()
    assert (outcome.released, outcome.review_reasons) == (None, ["disagreement"])
    assert outcome.current.confidence == 45


def test_second_opinion_may_be_another_providers(entry, student, configurator):
    profile = ProviderProfileFactory(name="Other")
    policy(entry, opinions=2, second_profile=profile)
    make_submission(entry, student)
    names, provider = [], ScriptedProvider()

    def provider_for(config):
        names.append(config.name)
        return provider

    drain_runs(provider_for)
    assert names == ["Simulator (no AI model)", "Other"]


def test_call_per_criterion_asks_for_each_and_then_the_feedback(entry, student):
    policy(entry, per_criterion=True)
    make_submission(entry, student)
    provider = drain()
    asked = [list(prompt.schema["properties"]) for prompt in provider.prompts]
    assert asked == [["criterion_0"], ["criterion_1"], ["feedback"]]
    assert Outcome.objects.get().released


def test_only_what_is_missing_is_asked_again(settings, entry, student):
    settings.GRADING_RETRY_SECONDS = 0
    make_submission(entry, student)
    provider = drain(reply_text(criteria=1), reply_text())
    assert list(provider.prompts[1].schema["properties"]) == ["criterion_1"]
    run = GradingRun.objects.get()
    assert (run.state, run.calls) == (RunState.SUCCEEDED, 2)
    assert [entry["error_code"] for entry in run.log] == ["incomplete_reply", ""]


def test_what_is_known_survives_the_worker(entry, student):
    policy(entry, per_criterion=True)
    submission = make_submission(entry, student)
    settle(step_of(claim(submission)))
    lost = claim(submission)
    GradingRun.objects.filter(pk=lost.pk).update(lease_expires_at=timezone.now())
    provider = drain()
    assert list(provider.prompts[0].schema["properties"]) == ["criterion_1"]
    assert Outcome.objects.get().released


def test_attempts_count_for_each_call_anew(settings, entry, student):
    settings.GRADING_RETRY_SECONDS, settings.GRADING_MAX_ATTEMPTS = 0, 2
    policy(entry, opinions=3)
    make_submission(entry, student)
    fault = GradingError(ErrorCode.TIMEOUT, "slow")
    drain(fault, reply_text(), fault, reply_text(), fault, reply_text())
    run = GradingRun.objects.get()
    assert (run.state, run.calls, len(run.log)) == (RunState.SUCCEEDED, 6, 6)


# --- provenance and cost -------------------------------------------------------------
def test_run_keeps_prompt_replies_errors_and_cost(settings, entry, student):
    settings.GRADING_RETRY_SECONDS = 0
    settings.GRADING_INPUT_PRICE, settings.GRADING_OUTPUT_PRICE = 1.0, 4.0
    make_submission(entry, student)
    drain(GradingError(ErrorCode.TIMEOUT, "slow"), reply_text())
    run = GradingRun.objects.get()
    assert set(run.prompt) == {"system", "task", "answer"}
    assert "Plants make glucose" in run.prompt["answer"]
    assert [entry["error_code"] for entry in run.log] == ["timeout", ""]
    assert run.cost == Decimal("0.0003")
    usage = DayUsage.objects.get()
    assert (usage.calls, usage.input_tokens, usage.cost) == (2, 100, Decimal("0.0003"))
    assert usage_of(GradingRun.objects.all()).cost == Decimal("0.0003")


def test_raw_texts_are_removed_when_their_time_is_over(settings, entry, student):
    settings.GRADING_KEEP_RAW_DAYS = 30
    grade(make_submission(entry, student))
    later = timezone.now() + timedelta(days=29)
    assert forget_raw_texts(later) == 0
    assert forget_raw_texts(later + timedelta(days=2)) == 1
    run = GradingRun.objects.get()
    assert (run.prompt, run.raw_reply, run.has_raw_texts) == ({}, "", False)
    assert len(run.prompt_hash) == 64
    assert forget_raw_texts(later + timedelta(days=2)) == 0


# --- bulk runs -----------------------------------------------------------------------
@pytest.fixture
def graded(entry):
    submissions = [make_submission(entry) for _i in range(3)]
    drain()
    return submissions


def test_bulk_run_grades_all_again(entry, graded, configurator):
    batch = start_batch(entry, again=True, by=configurator)
    assert batch.runs.count() == 3
    drain(reply_text(1))
    assert set(OutcomeRevision.objects.values_list("number", flat=True)) == {1, 2}


def test_bulk_run_of_what_has_no_outcome_leaves_the_rest(entry, graded, configurator):
    submission = make_submission(entry)
    record_failure(claim(submission), GradingError(ErrorCode.TOO_LONG, "no"))
    batch = start_batch(entry, again=False, by=configurator)
    assert [run.submission for run in batch.runs.all()] == [submission]


def test_bulk_run_leaves_what_is_on_its_way(entry, graded, configurator):
    start_batch(entry, again=True, by=configurator)
    with pytest.raises(DomainError) as caught:
        start_batch(entry, again=True, by=configurator)
    assert caught.value.code == "nothing_to_grade"


def test_stopped_bulk_run_waits_and_goes_on(entry, graded, configurator):
    batch = start_batch(entry, again=True, by=configurator)
    claim_runs(1)
    assert stop_batch(batch, by=configurator) == 2
    assert claim_runs() == []
    assert resume_batch(batch, by=configurator) == 2
    assert len(claim_runs()) == 2


def test_run_of_a_stopped_bulk_run_that_fails_waits_as_well(entry, graded, configurator):
    batch = start_batch(entry, again=True, by=configurator)
    (run,) = claim_runs(1)
    stop_batch(batch, by=configurator)
    record_failure(run, GradingError(ErrorCode.TIMEOUT, "slow"))
    assert set(batch.runs.values_list("state", flat=True)) == {RunState.PAUSED}


def test_estimate_follows_the_plan(entry, graded, configurator):
    policy(entry, opinions=3)
    estimate = estimate_batch(entry, again=True)
    assert (estimate.calls, estimate.input_tokens) == (9, 900)


@pytest.mark.parametrize("who", ["student", "stranger"])
def test_bulk_run_is_for_people_in_charge(request, entry, graded, who):
    with pytest.raises(DomainError) as caught:
        start_batch(entry, again=True, by=request.getfixturevalue(who))
    assert caught.value.code == "forbidden"


def test_estimate_follows_earlier_runs(settings, entry, graded):
    settings.GRADING_INPUT_PRICE = 10.0
    estimate = estimate_batch(entry, again=True)
    assert (estimate.submissions, estimate.calls, estimate.input_tokens) == (3, 3, 300)
    assert (estimate.cost, estimate.from_runs) == (Decimal("0.003"), 3)


def test_estimate_without_earlier_runs_follows_the_texts(entry, student):
    submission = make_submission(entry, student)
    record_failure(claim(submission), GradingError(ErrorCode.TOO_LONG, "no"))
    estimate = estimate_batch(entry, again=False)
    assert (estimate.submissions, estimate.calls, estimate.from_runs) == (1, 1, 0)
    assert estimate.input_tokens > 700


# --- one submission ------------------------------------------------------------------
def test_run_is_stopped_and_goes_on_in_its_place(entry, student, configurator):
    submission = make_submission(entry, student)
    assert stop_run(submission, by=configurator)
    assert claim_runs() == []
    assert resume_run(submission, by=configurator)
    assert len(claim_runs()) == 1


def test_grading_again_resumes_what_was_stopped(entry, student, configurator):
    submission = make_submission(entry, student)
    stop_run(submission, by=configurator)
    run = request_regrade(submission, by=configurator)
    assert (run.state, submission.runs.count()) == (RunState.QUEUED, 1)


def test_run_that_is_being_graded_is_not_stopped(entry, student, configurator):
    submission = make_submission(entry, student)
    claim(submission)
    assert not stop_run(submission, by=configurator)


# --- policies ------------------------------------------------------------------------
def test_run_that_failed_at_a_provider_leaves_it_with_its_entry(entry, student, configurator):
    submission = make_submission(entry, student)
    record_failure(claim(submission), GradingError(ErrorCode.OVERLOADED, "down"))
    profile = ProviderProfileFactory()
    set_entry_grading(entry, profile=profile, by=configurator)
    (run,) = claim_runs()
    assert run.profile == profile


def test_further_opinion_stays_with_its_provider(entry, student, configurator):
    second = ProviderProfileFactory()
    policy(entry, opinions=2, second_profile=second)
    settle(step_of(claim(make_submission(entry, student))))
    set_entry_grading(entry, profile=ProviderProfileFactory(), by=configurator)
    assert GradingRun.objects.get().profile == second


@pytest.mark.parametrize("fields", [{"opinions": 0}, {"opinions": 6}, {"min_words": -1}])
def test_impossible_policy_is_refused(entry, configurator, fields):
    with pytest.raises(DomainError) as caught:
        set_entry_grading(entry, by=configurator, **fields)
    assert (caught.value.code, caught.value.field) == ("invalid", next(iter(fields)))


def test_component_chooses_for_its_entries_unless_they_do(component, configurator):
    shared, own = ProviderProfileFactory(), ProviderProfileFactory()
    set_component_grading(component, profile=shared, by=configurator)
    plain, special = EntryFactory(component=component), EntryFactory(component=component)
    set_entry_grading(special, profile=own, by=configurator)
    runs = [make_submission(entry).runs.get() for entry in (plain, special)]
    assert [run.profile for run in runs] == [shared, own]
