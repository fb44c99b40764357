"""Reads that put several models together for a page."""

import pytest

from components.tests.factories import ComponentFactory, EnrollmentFactory, EntryFactory
from grading.enums import EntryStatus
from grading.models import OutcomeRevision
from grading.selectors import components_of, entries_with_progress, highlighted, result_rows
from grading.tests.factories import claim, grade, make_submission, reply_text

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
    rows = result_rows(entry.rubric, outcome.current)
    assert [row.result and row.result["level_text"] for row in rows] == ["Good", "Good"]
    assert [row.result for row in result_rows(entry.rubric, None)] == [None, None]
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
