"""Results as a sheet: a line per submission."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from accounts.sheets import safe_cell
from components.html import html_to_text
from grading.models import Submission, SubmissionQuerySet

COLUMNS = (
    *("submission_id", "student_user_id", "username", "student_name", "attempt"),
    *("submission_title", "submitted_at", "status", "score", "max_score", "percent"),
    *("graded_by", "llm_confidence", "needs_review", "review_reasons", "released_at", "feedback"),
)
CRITERION_COLUMNS = ("text", "level_text", "points", "max_points")
CHUNK = 500


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, line: str) -> str:
        return line


def result_lines(submissions: SubmissionQuerySet) -> Iterator[str]:
    """The lines of a CSV file (RFC 4180) with a header, streamed.

    After the columns of a submission come four per criterion: its text, the level reached, the
    points and the most points. Cells that a spreadsheet would take for a formula begin with an
    apostrophe.

    Args:
        submissions: with their result, their student and their latest run.
    """
    writer = csv.writer(_Echo())
    criteria = _most_criteria(submissions)
    names = (f"criterion_{n}_{name}" for n in range(1, criteria + 1) for name in CRITERION_COLUMNS)
    yield writer.writerow([*COLUMNS, *names])
    for submission in submissions.iterator(chunk_size=CHUNK):
        yield writer.writerow([safe_cell(cell) for cell in _cells(submission)])


def _most_criteria(submissions: SubmissionQuerySet) -> int:
    rubrics = submissions.order_by().values_list("outcome__current__rubric__definition", flat=True)
    return max((len(rubric["criteria"]) for rubric in rubrics.distinct() if rubric), default=0)


def _cells(submission: Submission) -> list[Any]:
    student, outcome = submission.student, submission.current_outcome
    about = [
        *(submission.pk, student.pk, student.username, student.display_name, submission.attempt),
        *(submission.title, submission.submitted_at.isoformat(), submission.status.value),
    ]
    if outcome is None:
        return about
    revision = outcome.current
    return [
        *about,
        *(revision.score, revision.max_score, revision.percent, revision.grader),
        *(revision.confidence, outcome.needs_review, " ".join(outcome.review_reasons)),
        outcome.released_at.isoformat() if outcome.released_at else "",
        html_to_text(revision.feedback),
        *(item[name] for item in revision.criteria for name in CRITERION_COLUMNS),
    ]
