"""The student's pages."""

import html
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import UserFactory
from components.services import set_rubric
from components.tests.factories import (
    RUBRIC,
    ComponentFactory,
    EnrollmentFactory,
    EntryFactory,
)
from grading.engine.errors import ErrorCode, GradingError
from grading.models import EntryGrading, Submission
from grading.services.grading import request_regrade
from grading.services.outcomes import CriterionDecision, override_outcome, release_outcome
from grading.services.reviews import answer_review, ask_for_review
from grading.services.runs import record_failure
from grading.tests.factories import (
    QUOTE,
    ScriptedProvider,
    claim,
    grade,
    make_submission,
    reply_text,
    step_of,
)
from grading.worker import drain_runs, process_providers, settle

pytestmark = pytest.mark.django_db
UNSURE = reply_text(1, confidence=5)
POLLS = "hx-get"


@pytest.fixture
def page(client, student):
    """Open a page as the student: its HTML."""

    def page(name, *keys):
        response = client.get(reverse(f"grading:{name}", args=keys))
        assert response.status_code == 200
        return response.content.decode()

    client.force_login(student)
    return page


@pytest.fixture
def submit(client, entry, student):
    """Send the form of the entry's page: the response."""

    def submit(**data):
        return client.post(reverse("grading:student_entry", args=[entry.pk]), data)

    client.force_login(student)
    return submit


@pytest.fixture
def submission(entry, student):
    return make_submission(entry, student)


def form_of(response):
    return response.context["form"]


def key_in(response):
    return re.findall(r'name="idempotency_key" value="([^"]*)"', response.content.decode())[0]


def fail(submission, code=ErrorCode.TOO_LONG):
    record_failure(claim(submission), GradingError(code, "it broke: detail"))


def without_tokens(text):
    """A page without what differs each time it is opened."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)


# --- lists -------------------------------------------------------------------
@pytest.mark.parametrize("count", [1, 3])
def test_home_asks_the_same_whatever_the_number(page, student, count, django_assert_num_queries):
    for _i in range(count - 1):
        component = ComponentFactory()
        EnrollmentFactory(component=component, student=student)
        grade(make_submission(EntryFactory(component=component), student))
    with django_assert_num_queries(3):
        assert page("student_home").count("card-title") == count


@pytest.mark.parametrize("count", [1, 3])
def test_component_asks_the_same_whatever_the_number(
    page, component, student, count, django_assert_num_queries
):
    for _i in range(count):
        grade(make_submission(EntryFactory(component=component), student))
    with django_assert_num_queries(5):
        assert page("student_component", component.pk).count("list-group-item") == count


@pytest.mark.parametrize("count", [1, 3])
def test_entry_asks_the_same_whatever_the_number_of_attempts(
    page, entry, student, count, django_assert_num_queries
):
    for _i in range(count):
        grade(make_submission(entry, student))
    with django_assert_num_queries(4):
        assert page("student_entry", entry.pk).count("list-group-item") == count


def test_home_counts_entries_and_outcomes(page, entry, student):
    EntryFactory(component=entry.component)
    grade(make_submission(entry, student))
    text = page("student_home")
    assert "2 entries" in text
    assert "1 outcome" in text
    assert "being graded" not in text


def test_home_says_what_to_do_without_a_component(client, outsider):
    client.force_login(outsider)
    text = client.get(reverse("grading:student_home")).content.decode()
    assert "not enrolled in any component yet" in text


@pytest.mark.parametrize(
    ("reach", "words"),
    [
        (lambda entry, student: None, ["Not submitted"]),
        (make_submission, ["Being graded"]),
        (lambda *who: grade(make_submission(*who)), ["Outcome available", "15 / 15"]),
        (lambda *who: grade(make_submission(*who), UNSURE), ["Being graded"]),
    ],
    ids=["nothing", "queued", "released", "held"],
)
def test_component_shows_where_the_student_stands(page, entry, student, reach, words):
    reach(entry, student)
    text = page("student_component", entry.component_id)
    assert all(word in text for word in words)
    assert ("/ 15" in text) == ("15 / 15" in words)


def test_component_without_entries_says_so(page, component):
    assert "no entries here yet" in page("student_component", component.pk)


# --- an entry ----------------------------------------------------------------
def test_entry_shows_instructions_rubric_and_form(page, entry):
    text = page("student_entry", entry.pk)
    for part in ("Explain how plants feed.", "Photosynthesis is explained", "up to 10 points"):
        assert part in text
    assert '<textarea name="content"' in text


def test_entry_without_a_rubric_shows_none(page, component):
    entry = EntryFactory(component=component, without_rubric=True)
    assert "table-rubric" not in page("student_entry", entry.pk)


def test_entry_lists_own_attempts_only_newest_first(page, entry, student):
    grade(make_submission(entry, student, title="First"))
    make_submission(entry, student, title="Second")
    make_submission(entry, title="Not mine")
    text = page("student_entry", entry.pk)
    assert text.index("2. Second") < text.index("1. First")
    assert "Not mine" not in text
    assert "15 / 15" in text


def test_every_form_has_a_key_of_its_own(page, entry):
    pages = page("student_entry", entry.pk) + page("student_entry", entry.pk)
    keys = re.findall(r'name="idempotency_key" value="(.{36})"', pages)
    assert len(set(keys)) == 2


# --- handing in --------------------------------------------------------------
def test_submit_leads_to_the_submission(submit, student, entry):
    response = submit(content="Light.\n\nAnd water.", title="Mine")
    submission = Submission.objects.get()
    assert response.status_code == 302
    assert response["Location"] == reverse("grading:student_submission", args=[submission.pk])
    assert (submission.student, submission.entry, submission.title) == (student, entry, "Mine")
    assert submission.text == "Light.\n\nAnd water."


def test_what_looks_like_html_is_kept_as_typed(submit):
    submit(content="if a < b: <b>x</b> <script>alert(1)</script> &amp;")
    assert Submission.objects.get().text == "if a < b: <b>x</b> <script>alert(1)</script> &amp;"


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({"content": ""}, "content", "Write an answer before you submit."),
        ({"content": " \n\t"}, "content", "Write an answer before you submit."),
        ({"content": "x" * 31}, "content", "The answer has 31 characters; at most 30 are allowed."),
        ({"content": "Plants\x00"}, "content", "Null characters are not allowed."),
        ({"title": "T\x00"}, "title", "Null characters are not allowed."),
        ({"title": "x" * 256}, "title", "at most 255 characters"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_error_stands_beside_its_field_and_keeps_what_was_typed(
    settings, submit, data, field, message
):
    settings.ANSWER_MAX_CHARS = 30
    typed = {"title": "My title", "content": "Plants <eat> light.", **data}
    response = submit(**typed, idempotency_key="the-key")
    text = response.content.decode()
    assert message in text[text.index(f'id="id_{field}"') :]
    assert list(form_of(response).errors) == [field]
    for name in ("title", "content"):
        assert html.escape(typed[name].strip()) in text
    assert key_in(response) == "the-key"
    assert not Submission.objects.exists()


def test_answer_of_the_largest_size_is_taken(settings, submit):
    settings.ANSWER_MAX_CHARS = 100_000
    assert submit(content="ä" * 100_000).status_code == 302


def test_double_click_is_one_submission(submit):
    first, second = (submit(content="Light.", idempotency_key="k") for _click in range(2))
    assert first["Location"] == second["Location"]
    assert Submission.objects.count() == 1


def test_changed_text_under_an_old_key_is_kept_and_can_be_handed_in(submit):
    submit(content="Light.", idempotency_key="k")
    response = submit(content="Light & water.", idempotency_key="k")
    assert "handed in before, with another answer" in response.content.decode()
    assert "Light &amp; water." in response.content.decode()
    assert submit(content="Light & water.", idempotency_key=key_in(response)).status_code == 302
    assert Submission.objects.count() == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "k\x00"], ids=["none", "too-long", "nul"])
def test_odd_key_never_loses_what_was_typed(submit, key):
    response = submit(content="Light.", idempotency_key=key)
    kept = response.status_code == 302 or "Light." in response.content.decode()
    assert kept
    assert Submission.objects.count() == (response.status_code == 302)


# --- a submission ------------------------------------------------------------
def test_queued_submission_polls_for_its_outcome(page, submission):
    text = page("student_submission", submission.pk)
    status = reverse("grading:student_submission_status", args=[submission.pk])
    assert f'hx-get="{status}"' in text
    assert "is being graded" in text
    assert "Plants make glucose" in text


@pytest.mark.parametrize("name", ["student_submission", "student_submission_status"])
@pytest.mark.parametrize(
    ("reach", "every", "words"),
    [
        (lambda s: None, "every 2s", "is being graded"),
        (claim, "every 2s", "is being graded"),
        (grade, "", "Well explained."),
        (fail, "every 30s", "Grading is taking longer than usual."),
        (lambda s: fail(s, ErrorCode.TIMEOUT), "every 30s", "Grading is taking longer than usual."),
        (lambda s: grade(s, UNSURE), "every 30s", "Grading is taking longer than usual."),
    ],
    ids=["queued", "running", "released", "failed", "retrying", "held"],
)
def test_submission_polls_until_there_is_an_outcome(page, submission, name, reach, every, words):
    reach(submission)
    text = page(name, submission.pk)
    assert (POLLS in text) == bool(every)
    assert every in text
    assert words in text


def test_status_is_the_same_fragment_as_in_the_page(page, submission):
    grade(submission)
    fragment = page("student_submission_status", submission.pk)
    assert "<html" not in fragment
    whole = page("student_submission", submission.pk)
    assert without_tokens(fragment).strip() in without_tokens(whole)


def test_outcome_shows_score_levels_reasons_and_quotes(page, submission):
    grade(submission, reply_text(1))
    text = page("student_submission", submission.pk)
    for part in ("7.5", "/ 15", "50 %", "Well explained.", "✓ Reached", "The answer says so."):
        assert part in text
    assert f"<mark>{QUOTE}<sup>1, 2</sup></mark>" in text
    assert "Graded by an AI model (scripted-1)" in text


@pytest.mark.parametrize("reply", ["garbage", "", "{}", reply_text(9)])
def test_what_is_no_sound_reply_is_never_shown(settings, page, submission, reply):
    settings.GRADING_MAX_ATTEMPTS = 1
    provider = ScriptedProvider(reply)
    drain_runs(lambda _config: provider)
    text = page("student_submission", submission.pk)
    assert "Grading is taking longer than usual." in text
    assert "points" not in text.partition('id="outcome"')[2]


def test_failure_s_cause_is_for_staff_only(page, submission):
    fail(submission)
    text = page("student_submission", submission.pk)
    assert "key of this server" not in text
    assert "it broke" not in text


def test_held_evaluation_is_not_shown(page, submission):
    grade(submission, UNSURE)
    text = page("student_submission", submission.pk)
    assert "Well explained." not in text
    assert "7.5" not in text


def test_released_evaluation_stays_while_a_later_one_is_held(page, submission, configurator):
    grade(submission)
    request_regrade(submission, by=configurator)
    text = page("student_submission", submission.pk)
    assert "being graded again" in text
    assert POLLS not in text
    grade(submission, UNSURE)
    text = page("student_submission", submission.pk)
    assert '<span class="score">15</span>' in text
    assert "being graded again" not in text


def test_release_shows_the_outcome(page, submission, configurator):
    grade(submission, UNSURE)
    release_outcome(submission, expected_revision=1, by=configurator)
    assert '<span class="score">7.50</span>' in page("student_submission", submission.pk)


def test_override_names_the_person_but_not_the_reason(page, submission, configurator):
    grade(submission)
    override_outcome(
        submission,
        decisions=[CriterionDecision(2, comment="No light."), CriterionDecision(2)],
        feedback="Look again.",
        reason="Copied from a friend.",
        expected_revision=1,
        by=configurator,
    )
    text = page("student_submission", submission.pk)
    for part in (f"Decided by {html.escape(configurator.full_name)}", "Look again.", "No light."):
        assert part in text
    assert "Copied" not in text
    configurator.delete()
    assert "Decided by a former member of staff" in page("student_submission", submission.pk)


def test_simulator_says_that_no_ai_was_involved(page, submission):
    process_providers.cache_clear()
    drain_runs(process_providers())
    text = page("student_submission", submission.pk)
    assert "Graded by the built-in simulator; no AI model was involved" in text


def test_outcome_without_points_shows_no_score(page, component, student, configurator):
    submission = make_submission(EntryFactory(component=component, without_rubric=True), student)
    override_outcome(
        submission,
        decisions=[],
        feedback="Well said.",
        reason="",
        expected_revision=0,
        by=configurator,
    )
    text = page("student_submission", submission.pk)
    assert "Well said." in text
    assert 'class="score"' not in text


@pytest.mark.parametrize("reach", [lambda s: None, grade], ids=["queued", "graded"])
def test_html_in_an_answer_is_shown_as_text(client, submit, page, reach):
    submit(content="<script>alert(1)</script><img src=x onerror=alert(2)>", title="<i>T</i>")
    submission = Submission.objects.get()
    reach(submission)
    text = page("student_submission", submission.pk)
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "<i>T</i>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_html_in_a_reply_is_shown_safe(page, submission):
    bad = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    reply = reply_text().replace("Well explained.", f"Well.{bad}").replace("says so", f"says {bad}")
    grade(submission, reply)
    text = page("student_submission", submission.pk)
    assert "<script>alert" not in text
    assert "<img src=x" not in text


def test_another_student_s_name_is_nowhere(page, entry, student):
    other = UserFactory(enrolled_in=entry.component, full_name="Nobody Else")
    grade(make_submission(entry, other))
    assert "Nobody Else" not in page("student_entry", entry.pk)


def test_submission_that_waits_for_long_is_said_to_be_late(page, submission):
    submission.runs.update(created_at=timezone.now() - timedelta(minutes=6))
    assert "Grading is taking longer than usual." in page("student_submission", submission.pk)


def test_invented_quote_is_never_shown_to_the_student(page, submission, configurator):
    grade(submission, reply_text(1, quote="Nobody wrote this."))
    release_outcome(submission, expected_revision=1, by=configurator)
    text = page("student_submission", submission.pk)
    assert "The answer says so." in text
    assert "Nobody wrote this." not in text


# --- asking for a review -----------------------------------------------------
@pytest.fixture
def ask(client, student, submission):
    """Send the form that asks for a review: the response; a test changes what it says."""
    data = {"criterion": "1", "reason": "Look at the <light>."}
    path = reverse("grading:ask_for_review", args=[submission.pk])
    client.force_login(student)
    return lambda **changes: client.post(path, {**data, **changes})


@pytest.mark.parametrize(
    ("reach", "offered"),
    [(lambda s: None, False), (lambda s: grade(s, UNSURE), False), (fail, False), (grade, True)],
    ids=["queued", "held", "failed", "released"],
)
def test_review_can_be_asked_for_once_an_outcome_is_released(page, submission, reach, offered):
    reach(submission)
    text = page("student_submission", submission.pk)
    assert ("Ask for a review" in text) == offered
    choices = re.findall(r'<option value="(\d*)"[^>]*>([^<]+)<', text)
    wanted = ["The whole outcome", "1. Photosynthesis is explained", "2. Evidence is given"]
    assert [text for _value, text in choices] == (wanted if offered else [])


def test_asking_leads_back_to_the_outcome_that_shows_the_request(client, ask, page, submission):
    grade(submission)
    response = ask()
    assert response["Location"] == reverse("grading:student_submission", args=[submission.pk])
    text = page("student_submission", submission.pk)
    for part in ("A person will look at it.", "Look at the &lt;light&gt;.", "“Evidence is given”"):
        assert part in text
    asked = submission.review_requests.get()
    assert (asked.criterion, asked.reason) == (1, "Look at the <light>.")


def test_whole_outcome_can_be_asked_about(ask, page, submission):
    grade(submission)
    ask(criterion="")
    assert submission.review_requests.get().criterion is None
    assert "About the whole outcome" in page("student_submission", submission.pk)


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({"reason": " "}, "reason", "Say what a person should look at."),
        ({"reason": "x" * 2001}, "reason", "has 2001 characters; at most 2000 are allowed."),
        ({"reason": "a\x00"}, "reason", "Null characters are not allowed."),
        ({"criterion": "2"}, "criterion", "Select a valid choice."),
        ({"criterion": "x"}, "criterion", "Select a valid choice."),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_error_of_a_request_keeps_what_was_typed(ask, submission, data, field, message):
    grade(submission)
    typed = {"criterion": "1", "reason": "Look at the <light>.", **data}
    response = ask(**data)
    text = response.content.decode()
    assert response.status_code == 422
    assert list(form_of(response).errors) == [field]
    assert message in text[text.index(f'id="id_{field}"') :]
    assert html.escape(typed["reason"].strip()) in text
    assert ('value="1" selected' in text) == (typed["criterion"] == "1")
    assert re.search(r'<details class="mb-4" open>', text)
    assert not submission.review_requests.exists()


def test_double_click_is_one_request(ask, submission):
    grade(submission)
    assert [ask().status_code for _click in range(2)] == [302, 302]
    assert submission.review_requests.count() == 1


def test_second_request_about_the_same_keeps_what_was_typed(ask, submission):
    grade(submission)
    ask()
    text = ask(reason="And the <water>.").content.decode()
    assert "You asked about this already." in text
    assert "And the &lt;water&gt;." in text
    assert submission.review_requests.count() == 1


def test_answer_of_a_person_is_shown_with_their_name(page, ask, submission, configurator):
    grade(submission)
    ask()
    answer_review(submission.review_requests.get(), answer="It is <right>.", by=configurator)
    text = page("student_submission", submission.pk)
    assert "It is &lt;right&gt;." in text
    assert html.escape(configurator.display_name) in text
    assert "A person will look at it</span>" not in text


def test_request_before_there_is_an_outcome_says_so(client, ask, submission):
    assert ask().status_code == 302
    page = client.get(reverse("grading:student_submission", args=[submission.pk]))
    assert "There is no outcome to ask about yet." in page.content.decode()


def test_request_keeps_its_criterion_when_the_rubric_is_another_now(
    page, ask, submission, configurator
):
    grade(submission)
    ask()
    other = {**RUBRIC, "criteria": RUBRIC["criteria"][::-1]}
    set_rubric(submission.entry, other, expected_revision=None, by=configurator)
    submission.entry.refresh_from_db()
    request_regrade(submission, by=configurator)
    grade(submission)
    text = page("student_submission", submission.pk)
    assert "2. Photosynthesis is explained" in text
    assert "“Evidence is given”" in text


@pytest.mark.parametrize(
    ("role", "status"),
    [("student", 302), ("outsider", 404), ("configurator", 403), ("admin", 403)],
)
def test_nobody_else_asks(request, client, submission, role, status):
    grade(submission)
    client.force_login(request.getfixturevalue(role))
    path = reverse("grading:ask_for_review", args=[submission.pk])
    assert client.post(path, {"criterion": "", "reason": "Why?"}).status_code == status
    assert client.get(path).status_code == 405


@pytest.mark.parametrize("count", [1, 3])
def test_outcome_asks_the_same_whatever_the_number_of_requests(
    page, submission, student, count, django_assert_num_queries
):
    grade(submission)
    for criterion in (None, 0, 1)[:count]:
        ask_for_review(submission, reason="Why?", criterion=criterion, by=student)
    with django_assert_num_queries(6):
        text = page("student_submission", submission.pk)
    assert text.count("A person will look at it</span>") == count


def test_outcome_by_a_rule_says_that_no_grader_was_asked(page, entry, student):
    EntryGrading.objects.create(entry=entry, min_words=5)
    submission = make_submission(entry, student, content="<p>No idea.</p>")
    text = page("student_submission", submission.pk)
    assert "Decided by a rule of the entry; no grader was asked" in text


def test_opinions_are_for_staff(page, entry, student):
    EntryGrading.objects.create(entry=entry, opinions=2)
    submission = make_submission(entry, student)
    settle(step_of(claim(submission)))
    settle(step_of(claim(submission)))
    text = page("student_submission", submission.pk)
    assert "Well explained." in text
    assert "opinions agree" not in text
