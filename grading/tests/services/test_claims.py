"""Who is graded next: fair order, limits shared by all workers, the breaker, budgets."""

from collections import Counter
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from components.tests.factories import EntryFactory
from grading.engine.errors import ErrorCode, GradingError
from grading.enums import RunState
from grading.models import ComponentGrading, DayUsage, EntryGrading, GradingRun, ProviderGate
from grading.models.providers import SITE_KEY
from grading.providers import site_config
from grading.services.claims import Lane, claim_runs, is_stuck, seconds_until_due, share
from grading.services.gates import CallReport, report_calls
from grading.services.policies import set_entry_grading
from grading.tests.concurrency import in_threads
from grading.tests.factories import ProviderProfileFactory, make_submission

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def wide(settings):
    settings.GRADING_CONCURRENCY = 100


def fill(entry, count):
    return [make_submission(entry) for _i in range(count)]


def claimed_by_component(runs):
    return dict(Counter(run.component_id for run in runs))


def report(error=None, *, begun_at=None, times=1):
    reports = [CallReport(begun_at or timezone.now(), error)] * times
    return report_calls(site_config(), reports)


# --- fair order ----------------------------------------------------------------
@pytest.mark.parametrize(
    ("room", "in_flight", "most", "expected"),
    [
        (4, [0, 0], [10, 10], [2, 2]),
        (4, [0, 0], [10, 1], [3, 1]),
        (4, [3, 0], [10, 10], [1, 3]),
        (10, [0, 0], [2, 3], [2, 3]),
        (1, [5, 4, 4], [9, 9, 9], [0, 1, 0]),
        (0, [0], [5], [0]),
        (5, [], [], []),
    ],
)
def test_calls_are_shared_between_components(room, in_flight, most, expected):
    lanes = [Lane(uuid4(), None, 10, flying) for flying in in_flight]
    shares = share(room, zip(lanes, most, strict=True))
    assert [shares.get(lane, 0) for lane in lanes] == expected


def test_many_answers_of_one_class_do_not_starve_a_few_of_another(settings):
    settings.GRADING_CONCURRENCY = 6
    large, small = EntryFactory(), EntryFactory()
    fill(large, 20)
    late = fill(small, 3)
    runs = claim_runs()
    assert claimed_by_component(runs) == {large.component_id: 3, small.component_id: 3}
    assert {run.submission for run in runs} >= set(late)


def test_entries_of_one_component_share_its_turn(settings, component):
    settings.GRADING_CONCURRENCY = 4
    fill(EntryFactory(component=component), 6)
    fill(EntryFactory(component=component), 6)
    other = EntryFactory()
    fill(other, 6)
    counts = claimed_by_component(claim_runs())
    assert counts == {component.pk: 2, other.component_id: 2}


# --- limits of the provider --------------------------------------------------------
def test_calls_in_flight_are_limited_for_all_workers_together(settings, entry):
    settings.GRADING_CONCURRENCY = 3
    fill(entry, 5)
    assert len(claim_runs(2)) == 2
    assert len(claim_runs()) == 1
    assert claim_runs() == []


@pytest.mark.usefixtures("shared_database")
def test_claimers_at_the_same_moment_keep_the_limit(settings, entry):
    settings.GRADING_CONCURRENCY = 5
    fill(entry, 12)
    claims = in_threads(*[partial(claim_runs)] * 6)
    assert sum(len(runs) for runs in claims) == 5
    assert GradingRun.objects.filter(state=RunState.RUNNING).count() == 5


def test_requests_per_minute_are_limited(settings, entry):
    settings.GRADING_REQUESTS_PER_MINUTE = 4
    fill(entry, 6)
    assert len(claim_runs()) == 4
    GradingRun.objects.filter(state=RunState.RUNNING).delete()
    assert claim_runs() == []
    assert 50 < (seconds_until_due() or 0) <= 62


def test_tokens_per_minute_are_limited(settings, entry):
    fill(entry, 6)
    settings.GRADING_TOKENS_PER_MINUTE = 4000
    first = claim_runs()
    assert 1 <= len(first) < 6
    assert sum(run.estimated_tokens for run in first) <= 4000
    assert claim_runs() == []


def test_each_provider_has_limits_of_its_own(settings, component, configurator):
    settings.GRADING_CONCURRENCY = 2
    other = EntryFactory(component=component)
    profile = ProviderProfileFactory(max_in_flight=3)
    set_entry_grading(other, profile=profile, by=configurator)
    fill(EntryFactory(component=component), 5)
    fill(other, 5)
    runs = claim_runs()
    assert sorted(str(run.profile or "") for run in runs) == ["", "", *[profile.name] * 3]


def test_change_of_provider_moves_what_waits(entry, configurator):
    fill(entry, 2)
    profile = ProviderProfileFactory()
    set_entry_grading(entry, profile=profile, by=configurator)
    assert {run.profile for run in claim_runs()} == {profile}


def test_removed_provider_leaves_its_runs_to_the_site(entry, configurator):
    profile = ProviderProfileFactory()
    set_entry_grading(entry, profile=profile, by=configurator)
    fill(entry, 2)
    profile.delete()
    assert {run.profile for run in claim_runs()} == {None}


# --- slowing down and the breaker --------------------------------------------------
def test_refusal_of_one_call_holds_all_workers(entry):
    fill(entry, 3)
    report(GradingError(ErrorCode.RATE_LIMIT, "slow down", retry_after=30))
    assert claim_runs() == []
    assert 25 < (seconds_until_due() or 0) <= 30


@pytest.mark.parametrize("code", [ErrorCode.BAD_KEY, ErrorCode.QUOTA_SPENT])
def test_queue_waits_while_the_account_has_trouble_and_goes_on_by_itself(entry, code):
    fill(entry, 3)
    assert report(GradingError(code, "no")).is_open
    assert claim_runs() == []
    ProviderGate.objects.update(probe_at=timezone.now())
    (probe,) = claim_runs()
    assert claim_runs() == []
    assert not report().is_open
    assert len(claim_runs()) == 2
    assert probe.calls == 1


def test_good_calls_of_a_provider_that_is_well_write_nothing(entry, django_assert_max_num_queries):
    fill(entry, 1)
    claim_runs()
    before = ProviderGate.objects.values().get()
    report(times=5)
    assert ProviderGate.objects.values().get() == before


# --- budgets -----------------------------------------------------------------------
def limit(component, **limits):
    ComponentGrading.objects.create(component=component, **limits)


def test_calls_of_a_component_end_with_its_budget(entry, configurator):
    limit(entry.component, calls_per_day=3)
    fill(entry, 5)
    other = EntryFactory()
    fill(other, 2)
    counts = claimed_by_component(claim_runs())
    assert counts == {entry.component_id: 3, other.component_id: 2}
    assert DayUsage.objects.get(component=entry.component).calls == 3


def test_budget_of_yesterday_is_forgotten(entry):
    limit(entry.component, calls_per_day=3)
    yesterday = timezone.localdate() - timedelta(days=1)
    DayUsage.objects.create(component=entry.component, day=yesterday, calls=3)
    fill(entry, 2)
    assert len(claim_runs()) == 2


def test_cost_of_a_component_ends_with_its_budget(entry):
    limit(entry.component, cost_per_day="1.00")
    DayUsage.objects.create(
        component=entry.component, day=timezone.localdate(), calls=6, cost="0.60"
    )
    fill(entry, 9)
    assert len(claim_runs()) == 4  # 0.10 each, and 0.40 are left
    assert claim_runs() == []


def test_cost_that_nobody_knows_yet_is_found_out_with_one_call(entry):
    limit(entry.component, cost_per_day="1.00")
    fill(entry, 5)
    assert len(claim_runs()) == 1
    assert claim_runs() == []


def test_limit_on_cost_means_nothing_where_nothing_costs(entry):
    limit(entry.component, cost_per_day="1.00")
    DayUsage.objects.create(
        component=entry.component, day=timezone.localdate(), calls=2, input_tokens=500
    )
    fill(entry, 5)
    assert len(claim_runs()) == 5


# --- the watchdog --------------------------------------------------------------------
@pytest.fixture
def lying(entry):
    """Work that lies there for long."""
    (submission,) = fill(entry, 1)
    submission.runs.update(due_at=timezone.now() - timedelta(minutes=5))
    OrmQ.objects.all().delete()
    return submission


def test_watchdog_wakes_before_it_judges(lying):
    assert is_stuck()
    assert OrmQ.objects.count() == 1


@pytest.mark.parametrize("code", [ErrorCode.BAD_KEY, ErrorCode.RATE_LIMIT])
def test_queue_that_waits_for_its_provider_is_not_stuck(lying, code):
    report(GradingError(code, "no", retry_after=100))
    assert not is_stuck()


def test_queue_that_waits_for_its_budget_is_not_stuck(lying):
    limit(lying.entry.component, calls_per_day=0)
    assert not is_stuck()


def test_stopped_runs_are_not_stuck(lying):
    lying.runs.update(state=RunState.PAUSED)
    assert not is_stuck()


def test_claim_takes_few_queries(entry, django_assert_num_queries):
    EntryGrading.objects.create(entry=entry)
    fill(entry, 2)
    claim_runs(1)
    with django_assert_num_queries(10):
        assert len(claim_runs(1)) == 1
    fill(entry, 5)
    with django_assert_num_queries(10):
        assert len(claim_runs()) == 5


def test_gate_is_named_after_the_site():
    make_submission()
    claim_runs()
    assert ProviderGate.objects.get().key == SITE_KEY
