"""Many answers graded at once: the estimate, the start, the progress, stopping and going on."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from components.tests.factories import ComponentFactory, EntryFactory
from components.tests.pages import messages_of
from grading.engine.errors import ErrorCode, GradingError
from grading.enums import RunState
from grading.models import DayUsage, GradingBatch, GradingRun, Submission
from grading.reports import progress_of
from grading.services.claims import claim_runs
from grading.services.grading import start_batch, stop_batch
from grading.services.policies import set_component_grading
from grading.services.runs import record_failure
from grading.tests.factories import (
    ScriptedProvider,
    claim,
    grade,
    make_submission,
    reply_text,
    step_of,
)
from grading.views import bulk
from grading.worker import settle

pytestmark = pytest.mark.django_db
POLL = re.compile(r'id="batch-progress" hx-get="([^"]+)" hx-trigger="every (\d+)s"')


@pytest.fixture
def browser(client, configurator):
    client.force_login(configurator)
    return client


@pytest.fixture
def page(entry):
    return reverse("grading:bulk_run", args=[entry.pk])


@pytest.fixture
def batch(entry, configurator):
    """A bulk run of three answers that were graded before."""
    for _i in range(3):
        grade(make_submission(entry))
    return start_batch(entry, again=True, by=configurator)


def at(name, batch):
    return reverse(f"grading:{name}", args=[batch.pk])


def fail(run, code=ErrorCode.TOO_LONG):
    record_failure(run, GradingError(code, "it broke"))


def poll_on(text):
    """Where a page asks again, and after how many seconds; None where it does not."""
    found = POLL.search(text)
    return found.groups() if found else None


def estimates_on(response):
    return dict(response.context["estimates"])


def end(batch, reply=None):
    for run in claim_runs():
        settle(step_of(run, ScriptedProvider(reply or reply_text())))


# --- before it begins ----------------------------------------------------------
def test_both_choices_say_what_they_would_take(browser, entry, page, settings):
    settings.GRADING_INPUT_PRICE, settings.GRADING_CURRENCY = 10_000.0, "CHF"
    grade(make_submission(entry))
    fail(claim(make_submission(entry)))
    response = browser.get(page)
    missing, everything = estimates_on(response).values()
    assert (missing.submissions, everything.submissions) == (1, 2)
    assert everything.cost == Decimal(2)
    assert "about 2.0000 CHF" in response.text
    assert response.text.count("Worked out from 1 earlier run.") == 2
    assert "Grade 1 answer\n" in response.text.replace("</button>", "\n")
    assert "Grade all 2 answers again" in response.text


def test_estimate_says_when_it_follows_the_texts_and_has_no_price(browser, entry, page):
    fail(claim(make_submission(entry)))
    text = browser.get(page).text
    assert "Worked out from the length of the texts" in text
    assert "none: the provider has no price" in text


def test_choice_without_answers_has_no_button(browser, entry, page):
    grade(make_submission(entry))
    text = browser.get(page).text
    assert text.count("There is nothing to grade here.") == 1
    assert 'value="missing"' not in text
    assert 'value="all"' in text


def test_entry_without_a_rubric_is_sent_to_write_one(browser, component):
    entry = EntryFactory(component=component, without_rubric=True)
    make_submission(entry)
    page = reverse("grading:bulk_run", args=[entry.pk])
    text = browser.get(page).text
    assert reverse("components:rubric_edit", args=[entry.pk]) in text
    assert 'name="which"' not in text
    assert messages_of(browser.post(page, {"which": "all"}, follow=True)) == [
        "Give the entry a rubric first."
    ]


def test_what_is_left_of_the_budget_is_shown(browser, component, page, configurator):
    assert "Left of today" not in browser.get(page).text
    set_component_grading(component, calls_per_day=10, cost_per_day=Decimal(2), by=configurator)
    DayUsage.objects.create(
        component=component, day=timezone.localdate(), calls=4, cost=Decimal("0.5")
    )
    text = re.sub(r"\s+", " ", browser.get(page).text)
    assert "6 calls, 1.5000 USD." in text
    assert "is spent" not in text
    set_component_grading(component, calls_per_day=4, by=configurator)
    assert "budget of this component is spent" in browser.get(page).text


@pytest.mark.parametrize(("which", "count"), [("missing", 1), ("all", 2)])
def test_confirming_begins_it_and_leads_to_its_progress(
    browser, entry, page, configurator, which, count
):
    grade(make_submission(entry))
    fail(claim(make_submission(entry)))
    response = browser.post(page, {"which": which}, follow=True)
    batch = GradingBatch.objects.get()
    assert response.redirect_chain == [(at("batch_detail", batch), 302)]
    assert (batch.requested_by, batch.runs.count()) == (configurator, count)


@pytest.mark.parametrize("typed", [{}, {"which": ""}, {"which": "x"}])
def test_no_choice_begins_nothing(browser, entry, page, typed):
    grade(make_submission(entry))
    response = browser.post(page, typed, follow=True)
    assert messages_of(response) == ["Choose which answers to grade."]
    assert not GradingBatch.objects.exists()


def test_second_click_says_that_nothing_is_left(browser, batch, page):
    response = browser.post(page, {"which": "all"}, follow=True)
    assert messages_of(response) == ["There is nothing to grade here."]
    assert GradingBatch.objects.count() == 1


def test_earlier_bulk_runs_are_listed_with_their_state(browser, entry, batch, page, configurator):
    first = claim_runs(1)[0]
    fail(first)
    listed = browser.get(page)
    assert at("batch_detail", batch) in listed.text
    assert "Under way" in listed.text
    row = listed.context["batches"][0]
    assert (row.total, row.open, row.failed) == (3, 2, 1)
    stop_batch(batch, by=configurator)
    assert "<td>Stopped</td>" in browser.get(page).text
    browser.post(at("batch_resume", batch))
    end(batch)
    assert "<td>Ended</td>" in browser.get(page).text


# --- while it runs -------------------------------------------------------------
def test_progress_counts_each_state(browser, batch, configurator):
    settle(step_of(claim_runs(1)[0], ScriptedProvider(reply_text(1, confidence=5))))
    fail(claim_runs(1)[0])
    progress = progress_of(batch)
    assert (progress.queued, progress.succeeded, progress.to_review, progress.failed) == (
        1,
        1,
        1,
        1,
    )
    assert (progress.total, progress.ended, progress.is_active) == (3, 2, True)
    assert (progress.calls, progress.tokens) == (2, 150)
    text = browser.get(at("batch_detail", batch)).text
    assert "2 of 3 answers are through." in text
    assert 'value="2" max="3"' in text
    assert 'aria-live="polite"' in text


def test_progress_asks_again_by_itself_and_stops_by_itself(browser, batch):
    page, part = at("batch_detail", batch), at("batch_progress", batch)
    assert poll_on(browser.get(page).text) == (part, "2")
    during = browser.get(part, headers={"HX-Request": "true"})
    assert poll_on(during.text) == (part, "2")
    assert "<html" not in during.text
    assert "HX-Trigger" not in during.headers
    end(batch)
    after = browser.get(part, headers={"HX-Request": "true"})
    assert "hx-get" not in after.text
    assert after["HX-Trigger"] == "run-ended"
    assert "Ended." in browser.get(page).text
    assert "hx-get" not in browser.get(page).text.partition('id="batch-progress"')[2]


def test_progress_that_waits_for_tomorrow_asks_rarely_and_says_so(browser, batch, configurator):
    set_component_grading(batch.entry.component, calls_per_day=0, by=configurator)
    text = browser.get(at("batch_detail", batch)).text
    assert "budget of this component is spent" in text
    assert poll_on(text) == (at("batch_progress", batch), "30")


def test_stopping_and_going_on(browser, batch, configurator):
    claim_runs(1)
    response = browser.post(at("batch_stop", batch), follow=True)
    assert response.redirect_chain == [(at("batch_detail", batch), 302)]
    assert messages_of(response) == ["Stopped: 2 answers wait."]
    assert "Go on" in response.text
    assert 'id="batch-stop"' not in response.text
    assert poll_on(response.text)  # one is being graded still
    batch.refresh_from_db()
    assert batch.stopped_by == configurator
    response = browser.post(at("batch_resume", batch), follow=True)
    assert messages_of(response) == ["2 answers are queued again."]
    assert 'id="batch-resume"' not in response.text
    assert set(batch.runs.values_list("state", flat=True)) == {RunState.QUEUED, RunState.RUNNING}


def test_stopped_run_asks_for_nothing_until_it_goes_on(browser, batch, configurator):
    stop_batch(batch, by=configurator)
    text = browser.get(at("batch_detail", batch)).text
    assert "Stopped." in text
    assert poll_on(text) is None


def test_failed_answers_are_listed_with_their_cause(browser, batch):
    for run in claim_runs(2):
        fail(run)
    response = browser.get(at("batch_detail", batch))
    for run in batch.runs.filter(state=RunState.FAILED):
        assert reverse("grading:submission_detail", args=[run.submission_id]) in response.text
    assert response.text.count("too long for the provider") == 2


def test_long_list_of_failed_answers_is_cut_and_says_so(browser, batch, monkeypatch):
    monkeypatch.setattr(bulk, "FAILED_SHOWN", 2)
    for run in claim_runs():
        fail(run)
    response = browser.get(at("batch_detail", batch))
    assert len(response.context["failed"]) == 2
    assert "The latest 2 of 3" in response.text


def test_bulk_run_whose_answers_are_gone_can_be_looked_at(browser, batch):
    Submission.objects.all().delete()
    assert "0 of 0 answers are through." in browser.get(at("batch_detail", batch)).text


def test_text_of_a_name_is_text(browser, batch):
    batch.entry.title = "<b>Plants</b>"
    batch.entry.save()
    assert "&lt;b&gt;Plants" in browser.get(at("batch_detail", batch)).text


@pytest.mark.parametrize("count", [1, 3])
def test_pages_ask_the_same_whatever_the_number(
    browser, entry, page, configurator, count, django_assert_num_queries
):
    for _i in range(count):
        grade(make_submission(entry))
    batches = [start_batch(entry, again=True, by=configurator)]
    for run in claim_runs():
        fail(run)
    for _i in range(count - 1):
        batches.append(start_batch(entry, again=True, by=configurator))
        for run in claim_runs():
            fail(run)
    with django_assert_num_queries(13):
        browser.get(page)
    with django_assert_num_queries(8):
        browser.get(at("batch_detail", batches[0]))
    with django_assert_num_queries(7):
        browser.get(at("batch_progress", batches[0]), headers={"HX-Request": "true"})


# --- who may -------------------------------------------------------------------
ROLES = [("student", 403), ("outsider", 403), ("stranger", 404), ("configurator", 200)]


@pytest.mark.parametrize(("who", "status"), [*ROLES, ("admin", 200)])
def test_pages_are_for_who_is_in_charge(request, client, batch, page, who, status):
    client.force_login(request.getfixturevalue(who))
    for address in (page, at("batch_detail", batch), at("batch_progress", batch)):
        assert client.get(address).status_code == status


@pytest.mark.parametrize(("who", "status"), ROLES[:3])
def test_actions_are_for_who_is_in_charge(request, client, batch, page, who, status):
    client.force_login(request.getfixturevalue(who))
    before = list(GradingRun.objects.values("pk", "state"))
    for address in (page, at("batch_stop", batch), at("batch_resume", batch)):
        assert client.post(address, {"which": "all"}).status_code == status
    assert list(GradingRun.objects.values("pk", "state")) == before


def test_actions_are_no_pages(browser, batch):
    for name in ("batch_stop", "batch_resume"):
        assert browser.get(at(name, batch)).status_code == 405


@pytest.mark.parametrize("number", [0, 999, 10**30])
def test_bulk_run_that_does_not_exist_is_not_found(browser, number):
    assert browser.get(f"/configure/bulk/{number}/").status_code == 404


def test_bulk_run_of_another_component_is_not_found(browser):
    entry = EntryFactory(component=ComponentFactory())
    person = entry.component.configurators.get()
    grade(make_submission(entry))
    batch = start_batch(entry, again=True, by=person)
    assert browser.get(at("batch_detail", batch)).status_code == 404
    assert browser.post(at("batch_stop", batch)).status_code == 404
