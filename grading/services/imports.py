"""Importing answers from elsewhere: all rows of a file, or none."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from accounts.enums import Role
from accounts.errors import DomainError
from accounts.models import User
from accounts.services import create_user
from accounts.text import UNSTORABLE
from components.html import ANY_RICH_TAG, text_to_html
from components.models import Enrollment, Entry
from components.services import enroll_student
from grading.models import HumanScore, Submission
from grading.services.grading import start_run
from grading.services.submissions import (
    CheckedAnswer,
    add_submission,
    checked_answer,
    checked_title,
    lock_students,
)

SCORE_COLUMN = re.compile(r"score:(?P<criterion>\d+)(?::(?P<grader>.+))?")
DEFAULT_GRADER = "person"
MAX_GRADER = 100
MAX_DIGITS = 9


@dataclass(frozen=True)
class BadRow:
    """A row that keeps a file from being imported. Rows count from 1, the header not counted."""

    number: int
    message: str


class ImportRefusedError(DomainError):
    """Nothing was imported; `rows` names every bad row."""

    def __init__(self, rows: list[BadRow]) -> None:
        super().__init__("bad_rows", f"{len(rows)} bad rows; nothing was imported.")
        self.rows = rows


@dataclass(frozen=True)
class AnswerRow:
    """One answer of a file, checked.

    Attributes:
        answer: sanitised, with what was hidden in it.
        scores: (grader, criterion's row from 0, points) of people who graded it elsewhere.
    """

    student: User
    title: str
    answer: CheckedAnswer
    scores: tuple[tuple[str, int, Decimal], ...] = field(default=())


def read_rows(name: str, source: str) -> list[dict[str, Any]]:
    """The rows of a CSV (`.csv`) or JSON Lines (`.jsonl`) file.

    Raises:
        ImportRefusedError: the file cannot be read at all, or a line is no JSON object.
    """
    reader = _csv_rows if name.lower().endswith(".csv") else _json_rows
    rows = list(reader(source.removeprefix("\ufeff")))
    if not rows:
        raise ImportRefusedError([BadRow(1, "the file has no rows")])
    return rows


@transaction.atomic
def import_submissions(
    entry: Entry,
    rows: list[dict[str, Any]],
    *,
    create_students: bool = False,
    progress: Callable[[list[Any]], Any] = iter,
) -> list[Submission]:
    """Store the answers of a file, with the scores people gave them, and queue their grading.

    A row has `student` (username or e-mail), `content` (plain text or HTML), and maybe `title`.
    Scores stand in `scores`, `{"grader": {"1": points}}` with criteria numbered from 1, or in
    columns `score:1` or `score:1:grader`.

    Args:
        create_students: make and enroll students who are not there yet, instead of refusing.
        progress: wraps the list of rows that is walked through, for a progress bar.

    Raises:
        ImportRefusedError: naming every bad row; nothing is stored then.
    """
    checker = _RowChecker(entry, create_students=create_students)
    answers: list[AnswerRow] = []
    bad: list[BadRow] = []
    for number, row in enumerate(progress(rows), start=1):
        try:
            answers.append(checker.check(row))
        except DomainError as error:
            bad.append(BadRow(number, error.message))
    if bad:
        raise ImportRefusedError(bad)  # rolls back the students that were made, too
    lock_students(answer.student for answer in answers)
    return [_store(entry, answer) for answer in progress(answers)]


def _store(entry: Entry, row: AnswerRow) -> Submission:
    submission = add_submission(entry, row.student, title=row.title, answer=row.answer)
    if entry.rubric is not None:
        HumanScore.objects.bulk_create(
            HumanScore(
                submission=submission,
                rubric=entry.rubric,
                grader=grader,
                criterion=criterion,
                points=points,
            )
            for grader, criterion, points in row.scores
        )
    start_run(submission, by=None)
    return submission


class _RowChecker:
    def __init__(self, entry: Entry, *, create_students: bool) -> None:
        self.entry = entry
        self.create_students = create_students
        self.criteria = entry.rubric.spec.criteria if entry.rubric else ()
        self.students: dict[str, User] = {}

    def check(self, row: dict[str, Any]) -> AnswerRow:
        content = row.get("content")
        if not isinstance(content, str):
            raise DomainError("bad_row", "content is missing or no text")
        title = row.get("title") or ""
        if not isinstance(title, str):
            raise DomainError("bad_row", "title is no text")
        html = content if ANY_RICH_TAG.search(content) else text_to_html(content)
        return AnswerRow(
            student=self._student(row.get("student")),
            title=checked_title(title),
            answer=checked_answer(html),
            scores=tuple(self._scores(row)),
        )

    def _student(self, name: Any) -> User:
        if not isinstance(name, str) or not name.strip():
            raise DomainError("bad_row", "student is missing")
        key = name.strip().lower()
        if key not in self.students:
            self.students[key] = self._find_student(name.strip())
        return self.students[key]

    def _find_student(self, name: str) -> User:
        student = User.objects.by_name(name)
        if student is None:
            if not self.create_students or UNSTORABLE.search(name):
                raise DomainError("bad_row", f"there is no student {name!r}")
            student = create_user(username=name, password=None, role=Role.STUDENT, by=None)
        if not student.is_student:
            raise DomainError("bad_row", f"{name!r} is not a student")
        if not Enrollment.objects.filter(component=self.entry.component, student=student).exists():
            if not self.create_students:
                raise DomainError("bad_row", f"{name!r} is not enrolled in the component")
            enroll_student(self.entry.component, student, by=None)
        return student

    def _scores(self, row: dict[str, Any]) -> Iterator[tuple[str, int, Decimal]]:
        seen = set()
        for grader, number, points in _raw_scores(row):
            if len(grader) > MAX_GRADER or UNSTORABLE.search(grader):
                raise DomainError("bad_row", f"the grader's name is impossible: {grader[:80]!r}")
            index, value = self._score(number, points)
            if (grader, index) in seen:
                message = f"criterion {index + 1} has two scores by {grader}"
                raise DomainError("bad_row", message)
            seen.add((grader, index))
            yield grader, index, value

    def _score(self, number: str, points: Any) -> tuple[int, Decimal]:
        is_number = number.isdecimal() and len(number) <= MAX_DIGITS
        index = int(number) - 1 if is_number else -1
        if not 0 <= index < len(self.criteria):
            count = len(self.criteria)
            message = f"there is no criterion {number[:80]}; the rubric has {count}"
            raise DomainError("bad_row", message)
        try:
            value = Decimal(str(points))
            is_valid = 0 <= value <= self.criteria[index].max_points
        except InvalidOperation:
            is_valid = False
        if not is_valid:
            best = self.criteria[index].max_points
            raise DomainError("bad_row", f"score of criterion {number} must be from 0 to {best}")
        return index, value


def _raw_scores(row: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """(grader, criterion's number as text, points) as they stand in a row."""
    for column, value in row.items():
        match = SCORE_COLUMN.fullmatch(column) if isinstance(column, str) else None
        if match and value is not None and value != "":
            yield match["grader"] or DEFAULT_GRADER, match["criterion"], value
    scores = row.get("scores") or {}
    if not isinstance(scores, dict) or not all(isinstance(s, dict) for s in scores.values()):
        raise DomainError("bad_row", 'scores must look like {"grader": {"1": 3}}')
    for grader, by_criterion in scores.items():
        for number, points in by_criterion.items():
            yield str(grader), str(number), points


def _csv_rows(source: str) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(10_000_000)
    dialect = (
        ";" if source.partition("\n")[0].count(";") > source.partition("\n")[0].count(",") else ","
    )
    reader = csv.DictReader(io.StringIO(source, newline=""), delimiter=dialect)
    names = reader.fieldnames or []
    missing = [name for name in ("student", "content") if name not in names]
    if missing:
        raise ImportRefusedError([BadRow(1, f"the header lacks the column {', '.join(missing)}")])
    number = 0
    try:
        for number, row in enumerate(reader, start=1):  # noqa: B007 (the error names it)
            yield row
    except csv.Error as error:
        raise ImportRefusedError([BadRow(number + 1, f"not CSV: {error}")]) from error


def _json_rows(source: str) -> Iterator[dict[str, Any]]:
    bad = []
    for number, line in enumerate(source.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            yield row
        else:
            bad.append(BadRow(number, "not a JSON object"))
    if bad:
        raise ImportRefusedError(bad)
