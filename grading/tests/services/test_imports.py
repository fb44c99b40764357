"""Answers from elsewhere: all rows of a file, or none."""

import json
from decimal import Decimal

import pytest
from django_q.models import OrmQ

from accounts.enums import Role
from accounts.models import User
from accounts.tests.factories import UserFactory
from components.models import Enrollment
from components.tests.factories import EntryFactory
from grading.enums import EntryStatus, RunState
from grading.models import GradingRun, HumanScore, StudentEntryState, Submission
from grading.services.imports import ImportRefusedError, import_submissions, read_rows

pytestmark = pytest.mark.django_db

GOOD = {"student": "student", "content": "Light and water."}


def rows_of(name, source):
    return [{k: v for k, v in row.items() if v is not None} for row in read_rows(name, source)]


def refused(call, *args, **kwargs):
    """The bad rows that an import is refused for, as {number: message}."""
    with pytest.raises(ImportRefusedError) as caught:
        call(*args, **kwargs)
    return {row.number: row.message for row in caught.value.rows}


def scores():
    return sorted(HumanScore.objects.values_list("grader", "criterion", "points"))


# --- files -------------------------------------------------------------------
@pytest.mark.parametrize(
    "source",
    [
        "student,title,content\nann,T,Light\n",
        "\ufeffstudent,title,content\nann,T,Light\n",
        "student;title;content\nann;T;Light\n",
        "content;title;student\r\nLight;T;ann\r\n",
        'student,title,content\n"ann","T","Light"',
    ],
)
def test_csv_is_read_with_commas_or_semicolons(source):
    assert rows_of("a.CSV", source) == [{"student": "ann", "title": "T", "content": "Light"}]


def test_csv_fields_may_hold_separators_quotes_and_lines():
    source = 'student,content\nann,"One, ""two"";\nthree"\n'
    assert rows_of("a.csv", source)[0]["content"] == 'One, "two";\nthree'


def test_json_lines_may_be_blank_and_marked_by_their_byte_order():
    source = (
        '\ufeff{"student": "ann", "content": "Light"}\r\n\n{"student": "bob", "content": "x"}\n'
    )
    assert [row["student"] for row in read_rows("a.jsonl", source)] == ["ann", "bob"]


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85"])
def test_json_lines_end_at_line_feeds_only(character):
    row = {"content": f"a{character}b"}
    assert read_rows("a.jsonl", json.dumps(row, ensure_ascii=False)) == [row]


@pytest.mark.parametrize(
    ("name", "source", "bad"),
    [
        ("a.csv", "", {1: "the header lacks the column student, content"}),
        ("a.csv", "student,text\nann,x\n", {1: "the header lacks the column content"}),
        ("a.csv", "student,content\n", {1: "the file has no rows"}),
        ("a.csv", f"student,content\nann,x\nbob,{'x' * 10_000_001}\n", {2: "not CSV"}),
        ("a.jsonl", "", {1: "the file has no rows"}),
        ("a.jsonl", "\n \n", {1: "the file has no rows"}),
        ("a.jsonl", '{"a": 1}\n[1]\n\nx\n', {2: "not a JSON object", 4: "not a JSON object"}),
        ("a.jsonl", '{"a": 1', {1: "not a JSON object"}),
        ("a.jsonl", "[" * 100_000, {1: "not a JSON object"}),
        ("a.txt", "student,content\nann,x", {1: "not a JSON object", 2: "not a JSON object"}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_file_that_is_none_is_refused(name, source, bad):
    found = refused(read_rows, name, source)
    assert {number: message.partition(":")[0] for number, message in found.items()} == bad


# --- answers -----------------------------------------------------------------
def test_answers_are_stored_with_state_and_queued_run(entry, student):
    rows = [{**GOOD, "title": " Mine "}, GOOD]
    first, second = import_submissions(entry, rows)
    assert (first.student, first.title, first.attempt) == (student, "Mine", 1)
    assert (second.title, second.attempt) == ("Attempt 2", 2)
    assert StudentEntryState.objects.get().status == EntryStatus.SUBMITTED_PROCESSING
    assert [run.state for run in GradingRun.objects.all()] == [RunState.QUEUED] * 2


def test_worker_is_woken_when_the_import_commits(
    entry, student, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        import_submissions(entry, [GOOD])
        assert not OrmQ.objects.exists()
    assert OrmQ.objects.exists()


@pytest.mark.parametrize(
    ("content", "stored"),
    [
        ("One < two.\n\nThree", "<p>One &lt; two.</p>\n\n<p>Three</p>"),
        ("<p>One <b>two</b></p>", "<p>One <b>two</b></p>"),
        ("<p onclick='x()'>One<script>alert(1)</script></p>", "<p>One</p>"),
        ("half \ud83d", "<p>half \ufffd</p>"),
    ],
)
def test_content_is_plain_text_or_html_and_stored_safe(entry, student, content, stored):
    (submission,) = import_submissions(entry, [{**GOOD, "content": content}])
    assert submission.content == stored


@pytest.mark.parametrize("name", ["student", " STUDENT ", "Student@Example.org"])
def test_student_is_found_by_name_or_address_in_any_case(entry, student, name):
    (submission,) = import_submissions(entry, [{**GOOD, "student": name}])
    assert submission.student == student


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"student": None}, "student is missing"),
        ({"student": " "}, "student is missing"),
        ({"student": 7}, "student is missing"),
        ({"student": "nobody"}, "there is no student 'nobody'"),
        ({"student": "a\x00b"}, "there is no student 'a\\x00b'"),
        ({"student": "a\ud800b"}, "there is no student 'a\\ud800b'"),
        ({"student": "configurator"}, "'configurator' is not a student"),
        ({"student": "outsider"}, "'outsider' is not enrolled in the component"),
        ({"content": None}, "content is missing or no text"),
        ({"content": 5}, "content is missing or no text"),
        ({"content": " "}, "Write an answer before you submit."),
        ({"content": "<p></p>"}, "Write an answer before you submit."),
        ({"content": "a\x00b"}, "The answer contains a NUL character."),
        ({"content": "x" * 31}, "The answer has 31 characters; at most 30 are allowed."),
        ({"title": 5}, "title is no text"),
        ({"title": "x" * 256}, "The title is too long"),
        ({"score:1": "10.5"}, "score of criterion 1 must be from 0 to 10"),
        ({"score:1": "-1"}, "score of criterion 1 must be from 0 to 10"),
        ({"score:2": "nan"}, "score of criterion 2 must be from 0 to 5"),
        ({"score:2": "many"}, "score of criterion 2 must be from 0 to 5"),
        ({"score:1": [1]}, "score of criterion 1 must be from 0 to 10"),
        ({"score:1": True}, "score of criterion 1 must be from 0 to 10"),
        ({"score:3": "1"}, "there is no criterion 3; the rubric has 2"),
        ({"score:0": "1"}, "there is no criterion 0; the rubric has 2"),
        ({f"score:{'9' * 5000}": "1"}, "there is no criterion 9"),
        ({"scores": 5}, "scores must look like"),
        ({"scores": [3]}, "scores must look like"),
        ({"scores": {"ann": 3}}, "scores must look like"),
        ({"scores": {"ann": {"one": 3}}}, "there is no criterion one; the rubric has 2"),
        ({"scores": {"ann": {"1": {}}}}, "score of criterion 1 must be from 0 to 10"),
        ({"scores": {"x" * 101: {"1": 3}}}, "the grader's name is impossible: 'xxx"),
        ({"scores": {"a\x00": {"1": 3}}}, "the grader's name is impossible: 'a"),
        ({"score:1": "3", "score:01": "4"}, "criterion 1 has two scores by person"),
        ({"score:1": "3", "scores": {"person": {"1": 4}}}, "criterion 1 has two scores by person"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_bad_row_is_named_and_nothing_is_stored(
    settings, entry, student, configurator, outsider, change, message
):
    settings.ANSWER_MAX_CHARS = 30
    bad = refused(import_submissions, entry, [GOOD, {**GOOD, **change}])
    assert list(bad) == [2]
    assert bad[2].startswith(message)
    assert not Submission.objects.exists()


def test_every_bad_row_is_named(entry, student):
    rows = [{**GOOD, "student": "x"}, GOOD, {"student": "student"}, {}]
    assert list(refused(import_submissions, entry, rows)) == [1, 3, 4]


def test_one_bad_row_takes_all_back_students_too(entry, student):
    rows = [{**GOOD, "student": "new"}, {**GOOD, "content": ""}]
    assert list(refused(import_submissions, entry, rows, create_students=True)) == [2]
    assert not User.objects.filter(username="new").exists()
    assert not Submission.objects.exists()


# --- students that are not there yet -----------------------------------------
def test_students_are_made_and_enrolled_on_demand(entry):
    rows = [{**GOOD, "student": "ann"}, {**GOOD, "student": "ANN"}]
    import_submissions(entry, rows, create_students=True)
    made = User.objects.get(username="ann")
    assert (made.role, made.has_usable_password()) == (Role.STUDENT, False)
    assert Enrollment.objects.filter(component=entry.component, student=made).count() == 1
    assert made.submissions.count() == 2


def test_existing_student_is_enrolled_on_demand(entry, outsider):
    import_submissions(entry, [{**GOOD, "student": "outsider"}], create_students=True)
    assert Enrollment.objects.filter(component=entry.component, student=outsider).exists()


@pytest.mark.parametrize("name", ["two words", "a\x00b", "a\ud800b", "x" * 101])
def test_student_whose_name_is_impossible_is_a_bad_row(entry, name):
    rows = [{**GOOD, "student": name}]
    assert list(refused(import_submissions, entry, rows, create_students=True)) == [1]


def test_staff_do_not_become_students(entry):
    UserFactory(username="boss", admin=True)
    rows = [{**GOOD, "student": "boss"}]
    bad = refused(import_submissions, entry, rows, create_students=True)
    assert bad == {1: "'boss' is not a student"}


# --- scores of people --------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"score:1": "3", "score:2": "2.5"}, [("person", 0, "3"), ("person", 1, "2.5")]),
        ({"score:1:ann": "3", "score:1:bob": "4"}, [("ann", 0, "3"), ("bob", 0, "4")]),
        ({"scores": {"ann": {"1": 3, "2": 0}}}, [("ann", 0, "3"), ("ann", 1, "0")]),
        (
            {"scores": {"ann": {"2": "1.25"}}, "score:1": 10},
            [("ann", 1, "1.25"), ("person", 0, "10")],
        ),
        ({"score:1": "", "score:2": None, "scores": {}}, []),
        ({"score": "3", "notes": "x"}, []),
    ],
)
def test_scores_come_in_columns_or_by_grader(entry, student, given, stored):
    import_submissions(entry, [{**GOOD, **given}])
    assert scores() == [(grader, index, Decimal(points)) for grader, index, points in stored]


def test_scores_name_the_rubric_they_were_given_with(entry, student):
    import_submissions(entry, [{**GOOD, "score:1": "3"}])
    assert HumanScore.objects.get().rubric == entry.rubric


def test_scores_without_a_rubric_are_bad_rows(component, student):
    entry = EntryFactory(component=component, without_rubric=True)
    bad = refused(import_submissions, entry, [{**GOOD, "score:1": "3"}])
    assert bad == {1: "there is no criterion 1; the rubric has 0"}


def test_progress_is_shown_for_every_row(entry, student):
    seen = []

    def progress(rows):
        for row in rows:
            seen.append(row)
            yield row

    import_submissions(entry, [GOOD, GOOD], progress=progress)
    assert len(seen) == 4
