"""Reads that put several models together for a page."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, FilteredRelation, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from accounts.models import User
from components.html import html_to_text
from components.models import Component, Entry, Rubric
from components.rubrics import Criterion, Level
from grading.engine.types import GradingRequest, Plan
from grading.enums import EntryStatus
from grading.models import (
    STATUS_FILTERS,
    EntryGrading,
    OutcomeRevision,
    StudentEntryState,
    Submission,
)


@dataclass(frozen=True)
class EntryProgress:
    """An entry as one student sees it in a list."""

    entry: Entry
    status: EntryStatus
    revision: OutcomeRevision | None


def request_of(submission: Submission, rubric: Rubric | None) -> GradingRequest | None:
    """What a provider gets to know of a submission; None where there is no rubric."""
    if rubric is None:
        return None
    return GradingRequest(
        rubric=rubric.spec,
        instructions=html_to_text(submission.entry.instructions),
        answer=submission.text,
        is_rubric_hidden=submission.entry.is_rubric_hidden,
        has_hidden_text=bool(submission.hidden_text),
    )


def plan_of(entry: Entry) -> Plan:
    """How an entry wants its answers graded."""
    own: EntryGrading = getattr(entry, "grading", None) or EntryGrading()
    return own.plan(per_criterion=settings.GRADING_PER_CRITERION)


def components_of(student: User) -> QuerySet[Component]:
    """The student's components with `entry_count`, `processing_count` and `available_count`."""

    def states(status: EntryStatus) -> Count:
        mine = Q(entries__student_states__student=student, entries__student_states__status=status)
        return Count("entries__student_states", filter=mine, distinct=True)

    return Component.objects.visible_to(student).annotate(
        entry_count=Count("entries", distinct=True),
        processing_count=states(EntryStatus.SUBMITTED_PROCESSING),
        available_count=states(EntryStatus.OUTCOME_AVAILABLE),
    )


def entries_with_progress(component: Component, student: User) -> list[EntryProgress]:
    """A component's entries with the student's status and released result of each."""
    states = StudentEntryState.objects.filter(
        entry__component=component, student=student
    ).select_related("latest_submission__outcome__released")
    by_entry = {state.entry_id: state for state in states}
    return [_progress(entry, by_entry.get(entry.pk)) for entry in component.entries.all()]


def _progress(entry: Entry, state: StudentEntryState | None) -> EntryProgress:
    if state is None:
        return EntryProgress(entry, EntryStatus.NOT_SUBMITTED, None)
    latest = state.latest_submission
    revision = latest.released_revision if latest else None
    return EntryProgress(entry, EntryStatus(state.status), revision)


def students_with_status(entry: Entry) -> QuerySet[User]:
    """Who is enrolled or handed in, each with `entry_status` and `state`, by username."""
    state = FilteredRelation("entry_states", condition=Q(entry_states__entry=entry))
    enrolled = entry.component.enrollments.values("student")
    return (
        User.objects.annotate(state=state)
        .annotate(entry_status=Coalesce("state__status", Value(EntryStatus.NOT_SUBMITTED)))
        .filter(Q(pk__in=enrolled) | Q(state__isnull=False))
        .order_by("username")
    )


@dataclass(frozen=True)
class Segment:
    """A stretch of an answer, and the criteria (numbers from 1) that quote it."""

    text: str
    criteria: tuple[int, ...]


def highlighted(text: str, revision: OutcomeRevision | None) -> list[Segment]:
    """The answer cut where verified quotes begin and end."""
    quotes = _quotes(revision.criteria if revision else [], len(text))
    cuts = sorted({0, len(text), *(place for start, end, _i in quotes for place in (start, end))})
    return [
        Segment(
            text[start:end],
            tuple(sorted({i + 1 for first, last, i in quotes if first <= start and end <= last})),
        )
        for start, end in itertools.pairwise(cuts)
    ]


def _quotes(criteria: Iterable[dict[str, Any]], length: int) -> list[tuple[int, int, int]]:
    return [
        (quote["start"], quote["end"], criterion["index"])
        for criterion in criteria
        for quote in criterion["evidence"]
        if quote["start"] is not None and quote["end"] <= length
    ]


@dataclass(frozen=True)
class ResultRow:
    """A row of a rubric with the result reached on its criterion, where there is one."""

    criterion: Criterion
    cells: list[Level | None]
    result: dict[str, Any] | None


def result_rows(rubric: Rubric | None, revision: OutcomeRevision | None) -> list[ResultRow]:
    """The rubric's grid with what `revision` says of each criterion."""
    if rubric is None:
        return []
    results = {item["index"]: item for item in revision.criteria} if revision else {}
    return [
        ResultRow(row.criterion, row.cells, results.get(row.criterion.index))
        for row in rubric.spec.rows
    ]


def counts_by_status(submissions: QuerySet[Submission]) -> dict[str, int]:
    """How many submissions are in each status, in one query."""
    return submissions.order_by().aggregate(
        **{status.value: Count("pk", filter=rule) for status, rule in STATUS_FILTERS.items()}
    )
