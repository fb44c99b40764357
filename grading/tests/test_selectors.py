"""Reads that put several models together for a page."""

import pytest

from components.hidden import HiddenKind
from components.services import set_rubric
from components.tests.factories import (
    RUBRIC,
    ComponentFactory,
    EnrollmentFactory,
    EntryFactory,
)
from grading.enums import EntryStatus
from grading.models import EntryGrading, OutcomeRevision, Submission
from grading.selectors import (
    components_of,
    entries_with_progress,
    hidden_texts,
    highlighted,
    judgements,
    questions_of,
    result_rows,
)
from grading.services.grading import request_regrade
from grading.services.outcomes import CriterionDecision, override_outcome
from grading.services.reviews import ask_for_review
from grading.tests.factories import (
    ScriptedProvider,
    claim,
    grade,
    make_submission,
    reply_text,
    step_of,
)
from grading.worker import settle

TEXT = "Ice floats on water."


def revision(*quotes):
    """A revision whose criteria quote places of TEXT, each (criterion, start, end)."""
    return OutcomeRevision(
        criteria=[
            {"index": index, "evidence": [{"quote": "q", "start": start, "end": end}]}
            for index, start, end in quotes
        ]
    )


@pytest.mark.parametrize(
    ("quotes", "segments"),
    [
        ([], [(TEXT, ())]),
        ([(0, 0, 3)], [("Ice", (1,)), (" floats on water.", ())]),
        ([(0, 14, 20)], [("Ice floats on ", ()), ("water.", (1,))]),
        ([(0, 0, 20)], [(TEXT, (1,))]),
        ([(1, 0, 10), (0, 4, 20)], [("Ice ", (2,)), ("floats", (1, 2)), (" on water.", (1,))]),
        ([(0, 0, 3), (0, 0, 3)], [("Ice", (1,)), (" floats on water.", ())]),
        ([(0, None, None)], [(TEXT, ())]),
        ([(0, 0, 21)], [(TEXT, ())]),
    ],
)
def test_answer_is_cut_where_quotes_begin_and_end(quotes, segments):
    found = [(item.text, item.criteria) for item in highlighted(TEXT, revision(*quotes))]
    assert found == segments


def test_answer_without_a_revision_is_one_piece():
    assert [item.text for item in highlighted(TEXT, None)] == [TEXT]


def test_pieces_make_up_the_whole_answer():
    pieces = highlighted(TEXT, revision((0, 2, 9), (1, 5, 14), (2, 9, 10)))
    assert "".join(piece.text for piece in pieces) == TEXT


@pytest.mark.django_db
def test_rows_hold_the_result_of_their_criterion(entry, student):
    outcome = grade(make_submission(entry, student), reply_text(1))
    rows = result_rows(entry.rubric.spec, outcome.current)
    assert [row.result and row.result["level_text"] for row in rows] == ["Good", "Good"]
    assert [row.result for row in result_rows(entry.rubric.spec, None)] == [None, None]
    assert result_rows(None, None) == []


@pytest.mark.django_db
def test_progress_is_that_of_the_newest_attempt(component, student):
    untouched, waiting, graded, held = (EntryFactory(component=component) for _i in range(4))
    outcome = grade(make_submission(graded, student))
    grade(make_submission(held, student), reply_text(1, confidence=5))
    grade(make_submission(waiting, student))
    claim(make_submission(waiting, student))
    items = entries_with_progress(component, student)
    assert {item.entry: (item.status, item.revision) for item in items} == {
        untouched: (EntryStatus.NOT_SUBMITTED, None),
        waiting: (EntryStatus.SUBMITTED_PROCESSING, None),
        held: (EntryStatus.SUBMITTED_PROCESSING, None),
        graded: (EntryStatus.OUTCOME_AVAILABLE, outcome.current),
    }


@pytest.mark.django_db
def test_components_count_the_student_s_own_states(component, student):
    entries = [EntryFactory(component=component) for _i in range(3)]
    grade(make_submission(entries[0], student))
    make_submission(entries[1], student)
    make_submission(entries[1])
    EnrollmentFactory(component=ComponentFactory())
    found = vars(components_of(student).get())
    counts = [found[f"{name}_count"] for name in ("entry", "processing", "available")]
    assert counts == [3, 1, 1]


# --- judgements --------------------------------------------------------------
def step(submission, level, confidence):
    reply = reply_text(level, confidence=confidence)
    settle(step_of(claim(submission), ScriptedProvider(reply)))


@pytest.mark.django_db
def test_judgement_tells_what_level_and_confidence_come_from(entry, student):
    EntryGrading.objects.create(entry=entry, opinions=3)
    submission = make_submission(entry, student)
    for level, confidence in ((0, 90), (2, 70), (0, 80)):
        step(submission, level, confidence)
    found = judgements(OutcomeRevision.objects.get())
    assert [item.result["index"] for item in found] == [0, 1]
    first = found[0]
    assert first.opinions == ["Excellent", "Poor", "Excellent"]
    assert (first.agreeing, first.self_reports) == (2, [90, 70, 80])
    assert (first.verified, first.quoted) == (1, 1)
    assert first.result["confidence"] == 70 * 2 // 3


@pytest.mark.django_db
def test_single_opinion_is_no_list_of_opinions(entry, student):
    outcome = grade(make_submission(entry, student), reply_text(0, quote="Never written."))
    first = judgements(outcome.current)[0]
    assert (first.opinions, first.agreeing, first.self_reports) == ([], 1, [90])
    assert (first.verified, first.quoted) == (0, 1)


@pytest.mark.django_db
def test_judgements_of_a_person_or_from_before_know_less(entry, student, configurator):
    submission = make_submission(entry, student)
    revision = grade(submission).current
    revision.criteria = [{**item} for item in revision.criteria]
    for item in revision.criteria:
        del item["opinions"]
    assert revision.run
    revision.run.progress = {}
    assert [(item.opinions, item.self_reports) for item in judgements(revision)] == [([], [])] * 2
    decisions = [CriterionDecision(1), CriterionDecision(0)]
    outcome = override_outcome(
        submission, decisions=decisions, reason="No.", expected_revision=1, by=configurator
    )
    assert [item.self_reports for item in judgements(outcome.current)] == [[], []]
    assert judgements(None) == []


# --- questions ---------------------------------------------------------------
@pytest.mark.django_db
def test_questions_name_the_criterion_as_it_was_then(entry, student, configurator):
    submission = make_submission(entry, student)
    grade(submission)
    ask_for_review(submission, reason="Why?", criterion=1, by=student)
    other = {**RUBRIC, "criteria": RUBRIC["criteria"][::-1]}
    set_rubric(entry, other, expected_revision=None, by=configurator)
    request_regrade(Submission.objects.get(), by=configurator)
    grade(submission)
    ask_for_review(submission, reason="And this?", criterion=0, by=student)
    ask_for_review(submission, reason="And all?", by=student)
    names = [question.about for question in questions_of(submission)]
    assert names == ["Evidence is given", "Evidence is given", ""]


@pytest.mark.django_db
def test_question_about_what_no_revision_has_is_a_number(entry, student):
    submission = make_submission(entry, student)
    grade(submission)
    asked = ask_for_review(submission, reason="Why?", criterion=1, by=student)
    asked.criterion = 7
    asked.save()
    assert [question.about for question in questions_of(submission)] == ["Criterion 8"]


def test_hidden_text_is_told_in_words():
    kinds = [kind.value for kind in HiddenKind]
    submission = Submission(hidden_text=[{"kind": kind, "text": "x"} for kind in [*kinds, "odd"]])
    found = [words for words, _text in hidden_texts(submission)]
    assert not set(found) & set(kinds)
    assert found[-1] == "odd"
