"""How one run graded, as a page and as JSON."""

import html
import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from components.tests.factories import RUBRIC, EntryFactory
from grading.engine.errors import ErrorCode, GradingError
from grading.models import EntryGrading, GradingRun
from grading.services.grading import request_regrade
from grading.services.outcomes import CriterionDecision, override_outcome
from grading.services.runs import forget_raw_texts, record_failure
from grading.tests.factories import (
    QUOTE,
    ScriptedProvider,
    claim,
    grade,
    make_submission,
    reply_text,
    step_of,
)
from grading.worker import settle

pytestmark = pytest.mark.django_db
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def page(client, configurator):
    """Open the page of the only run there is, or of another one: its HTML."""

    def page(run=None):
        run = run or GradingRun.objects.get()
        response = client.get(reverse("grading:run_detail", args=[run.pk]))
        assert response.status_code == 200
        return response.content.decode()

    client.force_login(configurator)
    return page


@pytest.fixture
def export(client, configurator):
    """Download the only run there is: the response."""

    def export():
        return client.get(reverse("grading:run_export", args=[GradingRun.objects.get().pk]))

    client.force_login(configurator)
    return export


@pytest.fixture
def submission(entry, student):
    return make_submission(entry, student)


def step(submission, reply):
    """One call for a submission that waits, with this reply or error."""
    GradingRun.objects.update(due_at=timezone.now())
    settle(step_of(claim(submission), ScriptedProvider(reply)))


def words_of(text):
    """What a page says, without its tags and with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


# --- the page ----------------------------------------------------------------
def test_page_shows_the_job_and_the_grader(page, submission, settings):
    settings.GRADING_CURRENCY = "XAU"
    grade(submission)
    run = GradingRun.objects.get()
    text = words_of(page())
    for part in (
        "State Succeeded",
        f"Asked for by {submission.student.display_name} (handed in)",
        "Attempts 1 Calls 1",
        "100 tokens read, 50 written",
        "Cost 0.000000 XAU",
        "Provider scripted",
        "scripted-1",
        "temperature: 0",
        run.prompt_version,
        run.prompt_hash,
        submission.entry.rubric.content_hash,
    ):
        assert part in text


def test_page_of_a_new_run_says_that_nothing_happened_yet(page, submission):
    text = words_of(page())
    for part in ("State Queued", "No provider was asked.", "None was sent.", "Calls 0 Tokens"):
        assert part in text
    assert "What was checked" not in text


def test_page_of_a_rule_says_that_nobody_was_asked(page, entry, student):
    EntryGrading.objects.create(entry=entry, min_words=5)
    make_submission(entry, student, content="<p>No idea.</p>")
    text = words_of(page())
    assert "Decided by a rule of the entry; no grader was asked" in text
    assert "No provider was asked." in text
    assert "least sure opinion" not in text


def test_page_shows_every_call_in_order_with_its_error(page, submission):
    step(submission, GradingError(ErrorCode.TIMEOUT, "after 60 s"))
    step(submission, "no JSON <b>")
    step(submission, reply_text())
    text = page()
    calls = re.findall(r"<article.*?</article>", text, re.DOTALL)
    assert len(calls) == 3
    assert "timeout</span> after 60 s" in calls[0]
    assert "malformed_reply" in calls[1]
    assert "no JSON &lt;b&gt;" in calls[1]
    assert "badge" not in calls[2]
    assert "Opinion 1 · criteria 1, 2 · " in words_of(calls[2])


def test_page_shows_prompt_and_replies(page, submission):
    grade(submission)
    text = page()
    run = GradingRun.objects.get()
    assert len(re.findall(r"<pre", text)) == 4
    assert run.prompt["system"][:40] in text
    assert QUOTE in text


def test_page_shows_what_the_checks_found(page, submission):
    grade(submission, reply_text(0, quote="Never written.", confidence=80))
    text = words_of(page())
    assert text.count("Not found in the answer") == 2
    assert "Confidence 0 %: reported 80 % · 0 of 1 quotes found" in text
    assert "below 40 % a person looks first" in text


def test_page_shows_each_opinion_by_the_name_of_its_level(page, entry, student):
    EntryGrading.objects.create(entry=entry, opinions=3)
    submission = make_submission(entry, student)
    for level, confidence in ((0, 90), (1, 60), (0, 80)):
        step(submission, reply_text(level, confidence=confidence))
    text = words_of(page())
    assert "2 of 3 opinions agree: Excellent Good Excellent" in text
    assert "Confidence 40 %: reported 90 %, 60 %, 80 % · 1 of 1 quotes found" in text
    assert "Opinion 3" in text


def test_failure_shows_its_cause(page, submission):
    record_failure(claim(submission), GradingError(ErrorCode.TOO_LONG, "1 <b> too many"))
    text = page()
    assert "too long for the provider." in text
    assert "too_long: 1 &lt;b&gt; too many" in text


def test_page_says_so_once_texts_are_removed(page, submission, settings):
    settings.GRADING_KEEP_RAW_DAYS = 30
    grade(submission)
    assert forget_raw_texts(timezone.now() + timedelta(days=31)) == 1
    text = page()
    assert "removed after 30 days; these were" in text
    assert "<pre" not in text
    settings.GRADING_KEEP_RAW_DAYS = 0
    assert "of this run were removed" in page()


def test_everything_foreign_is_shown_as_text(page, entry, student):
    student.full_name = SCRIPT
    student.save()
    submission = make_submission(
        entry, student, title=SCRIPT, content="<p>&lt;script&gt;alert(1)&lt;/script&gt; is it.</p>"
    )
    grade(submission, reply_text(0, quote=SCRIPT))
    run = GradingRun.objects.get()
    run.log = [{**run.log[0], "error_code": SCRIPT, "error_message": SCRIPT, "model": SCRIPT}]
    run.parameters, run.model = {SCRIPT: SCRIPT}, SCRIPT
    run.save()
    assert "<script>alert" not in page()


def test_call_from_before_there_was_a_log_is_shown(page, submission):
    """As the migration wrote them: without criteria, parameters, cost and prompt."""
    grade(submission)
    run = GradingRun.objects.get()
    names = ("at", "opinion", "provider", "model", "latency_ms", "raw_reply")
    old = {name: run.log[0][name] for name in names}
    run.log = [{**old, "input_tokens": None, "output_tokens": None, "latency_ms": None}]
    run.progress, run.prompt = {}, {}
    run.save()
    text = words_of(page())
    assert "Confidence 90 %" in text
    assert "reported" not in text.partition("What was checked")[2].replace("opinion reported", "")


def test_outranked_result_is_not_called_in_force(page, submission, configurator):
    grade(submission)
    assert "In force" in page()
    override_outcome(
        submission,
        decisions=[CriterionDecision(0), CriterionDecision(0)],
        reason="I know better.",
        expected_revision=1,
        by=configurator,
    )
    assert "In force" not in page()


@pytest.mark.parametrize("count", [1, 3])
def test_page_asks_the_same_whatever_the_number(page, submission, count, django_assert_num_queries):
    for _i in range(count - 1):
        step(submission, GradingError(ErrorCode.OVERLOADED, "503"))
    step(submission, reply_text())
    run = GradingRun.objects.get()
    with django_assert_num_queries(5):
        assert page(run).count("<article") == count


def test_runs_of_a_submission_lead_to_their_pages(client, configurator, submission):
    grade(submission)
    request_regrade(submission, by=configurator)
    client.force_login(configurator)
    text = client.get(reverse("grading:submission_detail", args=[submission.pk])).content.decode()
    for run in submission.runs.all():
        assert reverse("grading:run_detail", args=[run.pk]) in text
    assert "<td>100 + 50</td><td>0.000000 USD</td>" in text


# --- the export --------------------------------------------------------------
def test_export_is_a_file_of_json(export, submission):
    grade(submission)
    run = GradingRun.objects.get()
    response = export()
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == f'attachment; filename="run-{run.pk}.json"'
    data = response.json()
    assert data["run_id"] == str(run.pk)
    assert data["submission_id"] == str(submission.pk)
    assert data["prompt"] == run.prompt
    assert data["rubric"]["criteria"][0]["text"] == RUBRIC["criteria"][0]["text"]
    assert [call["raw_reply"] for call in data["log"]] == [reply_text()]
    assert data["cost"] == "0.000000"
    result = data["result"]
    assert (result["score"], result["is_in_force"], result["confidence"]) == ("15.00", True, 90)
    assert result["criteria"][0]["evidence"][0]["quote"] == QUOTE


def test_export_of_a_run_without_a_result(export, submission):
    data = export().json()
    assert (data["state"], data["result"], data["finished_at"]) == ("queued", None, None)


def test_export_of_a_run_without_a_rubric(export, component, student):
    make_submission(EntryFactory(component=component, without_rubric=True), student)
    data = export().json()
    assert (data["rubric"], data["rubric_hash"]) == ({}, "")


def test_export_names_nobody(export, entry, student):
    student.full_name, student.email = "Ann Unmistakable", "ann@unmistakable.example"
    student.username = "ann-unmistakable"
    student.save()
    submission = make_submission(entry, student, title="By Ann Unmistakable")
    grade(submission)
    text = json.dumps(export().json())
    assert "nmistakable" not in text
    assert str(student.pk) in text


def test_export_after_the_texts_were_removed_holds_none(export, submission):
    grade(submission)
    forget_raw_texts(timezone.now() + timedelta(days=366))
    data = export().json()
    assert (data["has_raw_texts"], data["prompt"]) == (False, {})
    assert [call["raw_reply"] for call in data["log"]] == [""]


# --- who may -----------------------------------------------------------------
@pytest.mark.parametrize("name", ["run_detail", "run_export"])
@pytest.mark.parametrize(
    ("role", "status"),
    [("configurator", 200), ("admin", 200), ("stranger", 404), ("student", 403), ("outsider", 403)],
)
def test_run_is_for_people_in_charge(request, client, submission, name, role, status):
    grade(submission)
    client.force_login(request.getfixturevalue(role))
    run = GradingRun.objects.get()
    assert client.get(reverse(f"grading:{name}", args=[run.pk])).status_code == status
