"""Where students stand with entries, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.api.fields import Id, Moment
from accounts.api.rows import RowSerializer
from accounts.models import User
from components.api.serializers import ENTRY, ENTRY_ID, TIMES, EntrySerializer
from components.models import Entry
from components.rubrics import definition_without_descriptions
from grading.api.serializers.examples import OUTCOME, REVIEW, STATE, SUBMISSION, example
from grading.api.serializers.submissions import (
    StaffSubmissionSerializer,
    SubmissionSerializer,
    reviewed_by,
)
from grading.enums import EntryStatus
from grading.models import StudentEntryState


class StateFields(RowSerializer):
    """Where a student stands with an entry."""

    state_id = Id(source="pk", read_only=True)
    entry_id = Id(read_only=True)
    student_user_id = Id(source="student_id", read_only=True)
    status = serializers.ChoiceField(EntryStatus.choices, read_only=True)
    created_at = Moment(read_only=True)
    updated_at = Moment(read_only=True)


@example("A state", {**STATE, "submission": {**SUBMISSION, "outcome": OUTCOME}})
class StateSerializer(StateFields):
    """A student's own state, with the latest submission."""

    submission = SubmissionSerializer(source="latest_submission", read_only=True, allow_null=True)


@example(
    "A state",
    {
        **STATE,
        "submission": {**SUBMISSION, "status": "released", "outcome": {**OUTCOME, **REVIEW}},
    },
)
class StaffStateSerializer(StateFields):
    """A student's state as staff see it, with the latest submission."""

    submission = StaffSubmissionSerializer(read_only=True, allow_null=True)


class StateRow(StateFields):
    """A state with the id of its latest submission, for :func:`staff_states`."""

    submission = Id(source="latest_submission_id", read_only=True)


def staff_states(entry: Entry, students: list[UUID], user: User) -> list[dict[str, Any]]:
    """The states of students in an entry, in their order, as :class:`StaffStateSerializer`."""
    found = StudentEntryState.objects.filter(entry=entry, student__in=students)
    states = {state["student_user_id"]: state for state in StateRow.rows(found)}
    latest = [state["submission"] for state in states.values()]
    submissions = StaffSubmissionSerializer.rows(reviewed_by(user).filter(pk__in=latest))
    by_id = {submission["submission_id"]: submission for submission in submissions}
    for state in states.values():
        state["submission"] = by_id.get(state["submission"])
    return [
        states.get(student) or not_submitted(entry.pk, entry.created_at, student)
        for student in students
    ]


def not_submitted(entry_id: UUID, since: datetime, student_id: UUID) -> dict[str, Any]:
    """The state of a student who handed in nothing, for which there is no row."""
    return {
        "state_id": StudentEntryState.id_for(entry_id, student_id),
        "entry_id": entry_id,
        "student_user_id": student_id,
        "status": EntryStatus.NOT_SUBMITTED,
        "created_at": since,
        "updated_at": since,
        "submission": None,
    }


@example(
    "An entry",
    {
        "entry_id": ENTRY_ID,
        **ENTRY,
        "rubric_revision": 1,
        "is_rubric_hidden": False,
        **TIMES,
        "student_state": {**STATE, "submission": {**SUBMISSION, "outcome": OUTCOME}},
    },
)
class StudentEntrySerializer(EntrySerializer):
    """An entry as one student sees it."""

    student_state = StateSerializer(read_only=True)


def student_entries(entries: QuerySet[Entry], student: User) -> list[dict[str, Any]]:
    """Entries with the student's state, as :class:`StudentEntrySerializer`."""
    rows = [_as_shown(row) for row in EntrySerializer.rows(entries)]
    ids = [row["entry_id"] for row in rows]
    found = StudentEntryState.objects.filter(entry__in=ids, student=student)
    states = {state["entry_id"]: state for state in StateSerializer.rows(found)}
    return [{**row, "student_state": _state_in(row, states, student)} for row in rows]


def _as_shown(row: dict[str, Any]) -> dict[str, Any]:
    """An entry without what it keeps from students."""
    if not row["is_rubric_hidden"]:
        return row
    shown = definition_without_descriptions(row["rubric_definition"])
    return {**row, "rubric_definition": shown}


def _state_in(
    row: dict[str, Any], states: dict[UUID, dict[str, Any]], student: User
) -> dict[str, Any]:
    entry_id = row["entry_id"]
    return states.get(entry_id) or not_submitted(entry_id, row["created_at"], student.pk)
