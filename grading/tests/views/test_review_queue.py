"""The queue of what a person must look at."""

import html
import re

import pytest
from django.urls import reverse

from accounts.tests.factories import UserFactory
from components.tests.factories import ComponentFactory, EntryFactory
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.types import ReviewReason
from grading.enums import REVIEW_SENTENCES, ReviewKind
from grading.models import Outcome
from grading.services.grading import request_regrade
from grading.services.outcomes import CriterionDecision, override_outcome, release_outcome
from grading.services.reviews import answer_review, ask_for_review
from grading.services.runs import record_failure, resume_run, stop_run
from grading.tests.factories import claim, grade, make_submission, reply_text
from grading.views import queue

pytestmark = pytest.mark.django_db
UNSURE = reply_text(1, confidence=5)
TOO_LONG = "too long for the provider"
HELD = [kind.value for kind in ReviewReason]


@pytest.fixture
def page(client, configurator):
    """Open the queue as the person in charge: its HTML."""

    def page(**query):
        response = client.get(reverse("grading:review_queue"), query)
        assert response.status_code == 200
        return response.content.decode()

    client.force_login(configurator)
    return page


@pytest.fixture
def submission(entry, student):
    return make_submission(entry, student)


def titles(text):
    """The titles of the submissions that the queue shows, in its order."""
    return re.findall(r"\d+\. ([^<]+)</a>", text)


def counts(text):
    """The number behind each filter that is offered."""
    return dict(re.findall(r'class="nav-link[^>]*>([^<(]+) \((\d+)\)', text))


def fail(submission, code=ErrorCode.TOO_LONG):
    record_failure(claim(submission), GradingError(code, "it broke: detail"))


def stop(submission, by):
    assert stop_run(submission, by=by)


def ask(submission, reason="Look at the light.", **about):
    return ask_for_review(submission, reason=reason, by=submission.student, **about)


def decide(submission, by):
    return override_outcome(
        submission,
        decisions=[CriterionDecision(0), CriterionDecision(0)],
        feedback="By hand.",
        reason="I know better.",
        expected_revision=None,
        by=by,
    )


def hold_for(submission, *reasons):
    """Have the outcome of a submission wait for these reasons, whatever they come from."""
    grade(submission, UNSURE)
    Outcome.objects.filter(submission=submission).update(review_reasons=list(reasons))


@pytest.fixture
def one_of_each(entry, configurator):
    """A submission for each kind of reason, the title being the kind."""
    reach = {
        "asked": lambda submission: (grade(submission), ask(submission)),
        "failed": fail,
        "stopped": lambda submission: stop(submission, configurator),
    }
    for kind in ReviewKind:  # one by one: whoever claims takes all that wait
        submission = make_submission(entry, title=kind.value)
        reach.get(kind.value, lambda new, kind=kind: hold_for(new, kind.value))(submission)


# --- what is in it -----------------------------------------------------------
def test_what_is_on_its_way_or_settled_needs_nobody(page, entry, configurator):
    grade(make_submission(entry))
    claim(make_submission(entry))
    decide(make_submission(entry), configurator)
    make_submission(entry)
    assert "Nothing waits for a person." in page()


def test_every_kind_is_there_oldest_first(page, one_of_each):
    assert titles(page()) == [kind.value for kind in ReviewKind]


@pytest.mark.parametrize("kind", ReviewKind)
def test_queue_is_filtered_by_reason(page, one_of_each, kind):
    text = page(reason=kind.value)
    assert titles(text) == [kind.value]
    assert counts(text) == {"All": "9"} | {str(each.label): "1" for each in ReviewKind}


@pytest.mark.parametrize("reason", HELD)
def test_held_outcome_shows_its_sentence(page, one_of_each, reason):
    sentence = REVIEW_SENTENCES[ReviewReason(reason)]
    assert html.escape(str(sentence)) in page(reason=reason)


def test_submission_is_found_by_each_of_its_reasons(page, submission):
    hold_for(submission, "low_confidence", "disagreement")
    assert counts(page()) == {"All": "1", "Low confidence": "1", "Opinions differ": "1"}
    assert len(titles(page(reason="disagreement"))) == 1
    assert titles(page(reason="hidden_text")) == []


def test_real_evaluation_is_found_by_its_reasons(page, submission):
    grade(submission, reply_text(0, quote="Never written.", confidence=80))
    assert counts(page()) == {"All": "1", "Low confidence": "1", "Evidence not found": "1"}


def test_failure_shows_its_cause(page, submission):
    fail(submission)
    assert f"It could not be graded: The answer and the rubric are {TOO_LONG}." in page()


def test_failed_regrade_is_there_although_an_outcome_is_in_force(page, submission, configurator):
    grade(submission)
    request_regrade(submission, by=configurator)
    fail(submission)
    text = page(reason="failed")
    assert f"the outcome stays: The answer and the rubric are {TOO_LONG}." in text


@pytest.mark.parametrize("reply", [None, reply_text(), UNSURE], ids=["none", "sound", "held"])
def test_failure_is_settled_by_a_decision(page, submission, configurator, reply):
    if reply:
        grade(submission, reply)
        request_regrade(submission, by=configurator)
    fail(submission)
    assert len(titles(page(reason="failed"))) == 1
    decide(submission, configurator)
    assert titles(page()) == []


def test_failure_is_settled_by_a_release(page, submission, configurator):
    grade(submission, UNSURE)
    request_regrade(submission, by=configurator)
    fail(submission)
    text = page()
    assert "Grading again failed" in text
    assert "not sure of its levels" in text
    release_outcome(submission, expected_revision=1, by=configurator)
    assert titles(page()) == []


def test_failure_is_settled_by_grading_again(page, submission, configurator):
    fail(submission)
    request_regrade(submission, by=configurator)
    assert titles(page()) == []
    grade(submission)
    assert titles(page()) == []


def test_stopped_run_is_there_until_it_goes_on(page, submission, configurator):
    stop(submission, configurator)
    assert "Grading was stopped." in page()
    resume_run(submission, by=configurator)
    assert titles(page()) == []


def test_stopped_regrade_leaves_a_sound_outcome_alone(page, submission, configurator):
    grade(submission)
    request_regrade(submission, by=configurator)
    stop(submission, configurator)
    assert titles(page()) == []


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({}, "about the whole outcome: Look at the light."),
        ({"criterion": 1}, "about criterion 2: Look"),
    ],
    ids=["whole", "criterion"],
)
def test_question_is_shown_until_it_is_answered(page, submission, configurator, about, words):
    grade(submission)
    asked = ask(submission, **about)
    assert words in page()
    answer_review(asked, answer="It is right.", by=configurator)
    assert titles(page()) == []


def test_several_questions_are_one_row(page, submission):
    grade(submission)
    ask(submission)
    ask(submission, "And <this>.", criterion=0)
    text = page()
    assert len(titles(text)) == 1
    assert counts(text) == {"All": "1", "Asked by the student": "1"}
    assert "And &lt;this&gt;." in text


# --- whose it is -------------------------------------------------------------
def test_queue_spans_all_components_in_one_s_charge(page, entry, configurator):
    fail(make_submission(entry, title="here"))
    other = EntryFactory(component=ComponentFactory(configurators=[configurator]))
    fail(make_submission(other, title="there"))
    fail(make_submission(title="elsewhere"))
    assert titles(page()) == ["here", "there"]


@pytest.mark.parametrize(
    ("role", "status", "found"),
    [("admin", 200, 1), ("stranger", 200, 0), ("student", 403, 0), ("outsider", 403, 0)],
)
def test_queue_is_for_people_in_charge(request, client, submission, role, status, found):
    fail(submission)
    client.force_login(request.getfixturevalue(role))
    response = client.get(reverse("grading:review_queue"))
    assert response.status_code == status
    assert len(titles(response.content.decode())) == found


@pytest.mark.parametrize(("role", "offered"), [("configurator", True), ("student", False)])
def test_queue_is_in_the_navigation_of_staff(request, client, role, offered):
    client.force_login(request.getfixturevalue(role))
    text = client.get(reverse("accounts:home"), follow=True).content.decode()
    assert (f'href="{reverse("grading:review_queue")}"' in text) == offered


def test_submissions_of_an_entry_lead_to_its_part_of_the_queue(client, configurator, entry):
    client.force_login(configurator)
    text = client.get(reverse("grading:submission_list", args=[entry.pk])).content.decode()
    assert f"{reverse('grading:review_queue')}?entry={entry.pk}" in text


# --- filters and pages -------------------------------------------------------
@pytest.fixture
def three_places(entry, configurator):
    """A failed submission in the entry, in another one beside it, and in another component."""
    beside = EntryFactory(component=entry.component)
    other = EntryFactory(component=ComponentFactory(configurators=[configurator]))
    for place, title in ((entry, "here"), (beside, "beside"), (other, "there")):
        fail(make_submission(place, title=title))
    return {"entry": entry, "beside": beside, "other": other}


def test_queue_is_filtered_by_component_and_entry(page, three_places):
    entry, other = three_places["entry"], three_places["other"]
    assert titles(page(component=entry.component_id)) == ["here", "beside"]
    assert titles(page(entry=entry.pk)) == ["here"]
    assert titles(page(component=other.component_id, entry=other.pk)) == ["there"]
    assert titles(page(component=other.component_id, entry=entry.pk)) == []


def test_counts_follow_the_place(page, three_places):
    entry = three_places["entry"]
    assert counts(page(component=entry.component_id))["Could not be graded"] == "2"
    assert counts(page(entry=entry.pk, reason="asked"))["Could not be graded"] == "1"


def test_filters_work_together_and_stay(page, three_places):
    entry = three_places["entry"]
    text = page(component=entry.component_id, entry=entry.pk, reason="failed")
    assert titles(text) == ["here"]
    assert 'name="reason" value="failed"' in text
    assert re.search(rf'value="{entry.component_id}" selected', text)
    assert re.search(rf'value="{entry.pk}" selected', text)
    links = re.findall(r'class="nav-link[^"]*"[^>]* href="([^"]*)"', text)
    assert all(f"entry={entry.pk}" in link for link in links)


@pytest.mark.parametrize("value", ["", "x", "\x00", "00000000-0000-0000-0000-000000000000"])
@pytest.mark.parametrize("name", ["component", "entry", "reason"])
def test_unknown_filter_filters_nothing(page, submission, name, value):
    fail(submission)
    assert len(titles(page(**{name: value}))) == 1


def test_entry_of_somebody_else_filters_nothing_and_is_not_offered(page, submission):
    fail(submission)
    foreign = EntryFactory(title="Foreign")
    text = page(entry=foreign.pk)
    assert len(titles(text)) == 1
    assert "Foreign" not in text


def test_queue_without_a_match_offers_all(page, submission):
    fail(submission)
    text = page(reason="asked")
    assert "Show all" in text
    assert titles(text) == []


@pytest.mark.parametrize(("number", "found"), [("1", 2), ("2", 1), ("9", 1), ("x", 2)])
def test_queue_comes_in_pages(monkeypatch, page, entry, number, found):
    monkeypatch.setattr(queue, "PAGE_SIZE", 2)
    for _i in range(3):
        fail(make_submission(entry))
    text = page(page=number, reason="failed", entry=entry.pk)
    assert len(titles(text)) == found
    links = re.findall(r'class="page-link" rel="\w+" href="([^"]*)"', text)
    assert links
    assert all("reason=failed" in link and f"entry={entry.pk}" in link for link in links)


@pytest.mark.parametrize("count", [1, 3])
def test_queue_asks_the_same_whatever_the_number(page, entry, count, django_assert_num_queries):
    for _i in range(count):
        submission = make_submission(entry)
        grade(submission)
        ask(submission)
        ask(submission, criterion=0)
        fail(make_submission(EntryFactory(component=entry.component)))
    with django_assert_num_queries(8):
        assert len(titles(page())) == 2 * count


def test_names_and_titles_are_shown_as_text(page, entry):
    student = UserFactory(enrolled_in=entry.component, full_name="<b>Ann</b>")
    entry.title = "<i>Entry</i>"
    entry.save()
    fail(make_submission(entry, student, title="<u>T</u>"))
    text = page()
    assert not re.search(r"<b>Ann|<i>Entry|<u>T", text)
