"""Data for the benchmark: one entry with as many graded submissions as asked for."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from accounts.enums import Role
from accounts.models import User
from components.models import Component, Enrollment, Entry
from components.services import find_rubric
from grading.enums import EntryStatus, GraderKind, RunState
from grading.models import GradingRun, Outcome, OutcomeRevision, StudentEntryState, Submission

RUBRIC = {
    "criteria": [{"text": f"Criterion {number}", "marks": 5} for number in range(4)],
    "performance_levels": [{"text": "Excellent"}, {"text": "Good"}, {"text": "Poor"}],
    "cell_descriptions": [["As good as can be.", "Good enough.", "Not yet."]] * 4,
}
ANSWER = "<p>" + "Plants make glucose from carbon dioxide and water. " * 12 + "</p>"
CRITERIA = [
    {
        "index": index,
        "text": f"Criterion {index}",
        "level": 1,
        "level_text": "Good",
        "points": "2.50",
        "max_points": "5",
        "weight": "1",
        "reasoning": "The answer says what goes in and what comes out.",
        "evidence": [
            {"quote": "Plants make glucose from carbon dioxide and water.", "start": 0, "end": 50}
        ],
        "confidence": 90,
    }
    for index in range(4)
]
CHUNK = 500


def seed_entry() -> Entry:
    """A component with its configurator and an entry."""
    configurator = User.objects.create(username="bench", role=Role.CONFIGURATOR)
    component = Component.objects.create(name="Bench", created_by=configurator)
    component.configurators.add(configurator)
    return Entry.objects.create(
        component=component, title="Bench", instructions=ANSWER, rubric=find_rubric(RUBRIC)
    )


def add_submissions(entry: Entry, total: int) -> None:
    """Bring the entry to `total` submissions, one per student, each with a released outcome."""
    for start in range(entry.submissions.count(), total, CHUNK):
        _add(entry, range(start, min(start + CHUNK, total)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the database does by itself after a while


def _add(entry: Entry, numbers: range) -> None:
    now = timezone.now()
    students = [User(username=f"student{n}", full_name=f"Student {n}") for n in numbers]
    User.objects.bulk_create(students)
    Enrollment.objects.bulk_create(
        Enrollment(component=entry.component, student=s) for s in students
    )
    submissions = [
        Submission(
            entry=entry,
            student=student,
            attempt=1,
            title=f"Answer {number}",
            content=ANSWER,
            submitted_at=now - timedelta(seconds=number),
        )
        for number, student in zip(numbers, students, strict=True)
    ]
    Submission.objects.bulk_create(submissions)
    runs = [
        GradingRun(
            submission=submission,
            rubric=entry.rubric,
            state=RunState.SUCCEEDED,
            created_at=now,
            due_at=now,
            finished_at=now,
            attempts=1,
            provider="bench",
            model="bench-1",
            prompt_version="1",
            raw_reply="x" * 2000,
        )
        for submission in submissions
    ]
    GradingRun.objects.bulk_create(runs)
    outcomes, revisions = [], []
    for submission, run in zip(submissions, runs, strict=True):
        outcome = Outcome(submission=submission, released_at=now)
        revision = OutcomeRevision(
            outcome=outcome,
            number=1,
            grader=GraderKind.AI,
            run=run,
            rubric=entry.rubric,
            criteria=CRITERIA,
            score=10,
            max_score=20,
            feedback="<p>The idea is right; give evidence for it.</p>",
            confidence=90,
            created_at=now,
        )
        outcome.current = outcome.released = revision
        outcomes.append(outcome)
        revisions.append(revision)
    _store_results(outcomes, revisions)
    StudentEntryState.objects.bulk_create(
        StudentEntryState(
            id=StudentEntryState.id_for(entry.pk, submission.student_id),
            entry=entry,
            student=submission.student,
            status=EntryStatus.OUTCOME_AVAILABLE,
            latest_submission=submission,
        )
        for submission in submissions
    )


def _store_results(outcomes: list[Outcome], revisions: list[OutcomeRevision]) -> None:
    with transaction.atomic():  # each needs the other, which is checked at the end
        for outcome, revision in zip(outcomes, revisions, strict=True):
            outcome.current_id = outcome.released_id = revision.pk
        Outcome.objects.bulk_create(outcomes)
        OutcomeRevision.objects.bulk_create(revisions)
