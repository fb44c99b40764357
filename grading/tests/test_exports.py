"""Results as a sheet."""

import csv
import io
from decimal import Decimal

import pytest

from accounts.tests.factories import UserFactory
from components.services import set_rubric
from components.tests.factories import RUBRIC, EntryFactory
from grading.models import Submission
from grading.services.outcomes import override_outcome, release_outcome
from grading.tests.factories import grade, make_submission, reply_text

pytestmark = pytest.mark.django_db
HELD = reply_text(1, confidence=5)
COLUMNS = [
    *("submission_id", "student_user_id", "username", "student_name", "attempt"),
    *("submission_title", "submitted_at", "status", "score", "max_score", "percent"),
    *("graded_by", "llm_confidence", "needs_review", "review_reasons", "released_at", "feedback"),
]


@pytest.fixture
def results(client, configurator, entry):
    """The entry's results as a program reads them: the names of the columns, and the rows."""

    def results():
        answer = client.get(f"/api/configure/entries/{entry.pk}/results.csv")
        assert answer.status_code == 200
        reader = csv.DictReader(io.StringIO(answer.getvalue().decode(), newline=""), strict=True)
        rows = list(reader)
        return reader.fieldnames, rows

    client.force_login(configurator)
    return results


def test_entry_without_submissions_is_a_header(results):
    assert results() == (COLUMNS, [])


def test_graded_submission_is_a_line_with_its_criteria(results, entry, student):
    outcome = grade(make_submission(entry, student, title="My answer"))
    names, (row,) = results()
    submission = outcome.submission
    assert names == [
        *COLUMNS,
        *("criterion_1_text", "criterion_1_level_text"),
        *("criterion_1_points", "criterion_1_max_points"),
        *("criterion_2_text", "criterion_2_level_text"),
        *("criterion_2_points", "criterion_2_max_points"),
    ]
    assert row["submission_id"] == str(submission.pk)
    assert row["student_user_id"] == str(student.pk)
    assert (row["username"], row["student_name"]) == ("student", student.full_name)
    assert (row["attempt"], row["submission_title"]) == ("1", "My answer")
    assert row["submitted_at"] == submission.submitted_at.isoformat()
    assert (row["status"], row["needs_review"], row["review_reasons"]) == ("released", "False", "")
    assert float(row["score"]) == float(row["max_score"]) == 15
    assert (row["percent"], row["graded_by"], row["llm_confidence"]) == ("100", "ai", "90")
    assert row["released_at"] == str(outcome.released_at).replace(" ", "T")
    assert row["feedback"] == "Well explained."
    assert row["criterion_2_text"] == "Evidence is given"
    assert row["criterion_2_level_text"] == "Excellent"
    assert float(row["criterion_2_points"]) == float(row["criterion_2_max_points"]) == 5


def test_submission_without_an_outcome_has_empty_cells(results, entry, student):
    make_submission(entry, student)
    _names, (row,) = results()
    assert row["status"] == "queued"
    assert not any(row[name] for name in COLUMNS[8:])


def test_outcome_that_waits_for_a_person_is_marked(results, entry, student, configurator):
    outcome = grade(make_submission(entry, student), HELD)
    _names, (row,) = results()
    assert (row["status"], row["needs_review"], row["released_at"]) == ("needs_person", "True", "")
    assert row["review_reasons"] == "low_confidence"
    release_outcome(outcome.submission, expected_revision=1, by=configurator)
    _names, (row,) = results()
    assert (row["status"], row["needs_review"], row["review_reasons"]) == ("released", "False", "")
    assert row["released_at"]


def test_decision_of_a_person_is_what_counts(results, entry, student, configurator):
    outcome = grade(make_submission(entry, student))
    override_outcome(
        outcome.submission,
        score=Decimal(7),
        feedback="Better\nthan before.",
        reason="Seen.",
        expected_revision=None,
        by=configurator,
    )
    _names, (row,) = results()
    assert (float(row["score"]), row["percent"], row["graded_by"]) == (7, "46", "person")
    assert "than before." in row["feedback"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"], ids=ascii)
def test_cell_that_looks_like_a_formula_is_made_a_text(start, results, entry):
    formula = f"{start}HYPERLINK(1)"
    student = UserFactory(username=f"{start.strip() or 'x'}a", enrolled_in=entry.component)
    type(student).objects.filter(pk=student.pk).update(full_name=formula)
    submission = make_submission(entry, student)
    Submission.objects.filter(pk=submission.pk).update(title=formula)
    _names, (row,) = results()
    assert row["student_name"] == row["submission_title"] == f"'{formula}"
    assert not row["username"].startswith(("=", "+", "-", "@"))


def test_any_text_comes_back_as_it_was(results, entry, student):
    texts = ['quotes " and ""', "comma, semicolon;", "two\nlines\r\nof text", "Zoë \U0001f600 文"]
    for text in texts:
        submission = make_submission(entry, student)
        Submission.objects.filter(pk=submission.pk).update(title=text)
    _names, rows = results()
    assert [row["submission_title"] for row in rows] == texts[::-1]


def test_rubrics_of_different_lengths_share_one_header(results, entry, student, configurator):
    grade(make_submission(entry, student))
    one = {
        "criteria": RUBRIC["criteria"][:1],
        "performance_levels": RUBRIC["performance_levels"],
        "cell_descriptions": RUBRIC["cell_descriptions"][:1],
    }
    set_rubric(entry, one, expected_revision=None, by=configurator)
    entry.refresh_from_db()
    grade(make_submission(entry, student), reply_text(criteria=1))
    names, (newer, older) = results()
    assert names[-1] == "criterion_2_max_points"
    assert newer["criterion_1_text"] == older["criterion_1_text"] == RUBRIC["criteria"][0]["text"]
    assert newer["criterion_2_text"] is None
    assert older["criterion_2_text"] == RUBRIC["criteria"][1]["text"]


def test_outcome_without_a_rubric_has_no_criteria(results, entry, student, configurator):
    set_rubric(entry, {}, expected_revision=None, by=configurator)
    entry.refresh_from_db()
    decision = {"feedback": "Seen.", "reason": "", "expected_revision": 0, "by": configurator}
    override_outcome(make_submission(entry, student), **decision)
    names, (row,) = results()
    assert names == COLUMNS
    assert (float(row["score"]), row["percent"]) == (0, "0")


def test_submissions_of_other_entries_are_left_out(results, entry, student):
    make_submission(EntryFactory(component=entry.component), student)
    assert results() == (COLUMNS, [])


@pytest.mark.parametrize("count", [1, 3])
def test_results_take_as_many_queries_for_three_as_for_one(
    count, client, configurator, entry, student, django_assert_num_queries
):
    for _i in range(count):
        grade(make_submission(entry, student))
    client.force_login(configurator)
    with django_assert_num_queries(5):  # one of them is the session
        answer = client.get(f"/api/configure/entries/{entry.pk}/results.csv")
        assert answer.streaming
        assert answer.getvalue().count(b"\r\n") == count + 1
