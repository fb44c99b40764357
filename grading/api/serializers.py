"""Submissions, outcomes and states as JSON, in the names of the API contract."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.api.base import ServiceSerializer
from accounts.api.fields import Flag, Id, Moment, Number, OptionalText, Text
from accounts.api.rows import OneRow, RowSerializer
from accounts.models import User
from components.api.serializers import ENTRY, ENTRY_ID, TIMES, EntrySerializer, Html
from components.models import Entry
from grading.enums import EntryStatus, GraderKind, SubmissionStatus
from grading.models import Outcome, StudentEntryState, Submission, SubmissionQuerySet
from grading.models.submissions import status_of
from grading.services.outcomes import CriterionDecision, override_outcome
from grading.services.submissions import submit_answer

STUDENT_ID = "0b9b2f6e-6d7e-4c39-9e0b-6a4f6a3f9d11"
SUBMISSION_ID = "3d7c0a5e-9b1f-4c55-8a9c-2f6f1f0d4b21"
OUTCOME_ID = "7a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
ANSWER = {
    "submission_title": "How plants feed",
    "content": "<p>Plants make glucose from carbon dioxide and water.</p>",
}
SUBMISSION = {
    "submission_id": SUBMISSION_ID,
    "entry_id": ENTRY_ID,
    "student_user_id": STUDENT_ID,
    "student_name": "Mira Kovacs",
    **ANSWER,
    "attempt": 1,
    "submitted_at": "2026-09-03T10:15:00Z",
}
OUTCOME = {
    "outcome_id": OUTCOME_ID,
    "submission_id": SUBMISSION_ID,
    "outcome_data": {
        "feedback_text": "<p>The idea is right; give evidence for it.</p>",
        "score": 10.0,
        "llm_confidence": 90,
        "max_score": 15.0,
        "criteria": [
            {
                "index": 0,
                "text": "Argument",
                "level": 0,
                "level_text": "Excellent",
                "points": 10.0,
                "max_points": 10.0,
                "weight": 1.0,
                "reasoning": "Names what goes in and what comes out.",
                "evidence": [
                    {
                        "quote": "Plants make glucose from carbon dioxide and water.",
                        "start": 0,
                        "end": 50,
                    }
                ],
                "confidence": 90,
            },
            {
                "index": 1,
                "text": "Evidence",
                "level": 2,
                "level_text": "Poor",
                "points": 0.0,
                "max_points": 5.0,
                "weight": 1.0,
                "reasoning": "None is given.",
                "evidence": [],
                "confidence": 95,
            },
        ],
        "provenance": {
            "grader": "ai",
            "graded_by": None,
            "provider": "gemini",
            "model": "gemini-2.5-flash",
            "prompt_version": "1",
            "revision": 1,
        },
    },
    "is_llm_generated": True,
    "generated_at": "2026-09-03T10:15:20Z",
}
REVIEW = {"needs_review": False, "review_reasons": [], "released_at": "2026-09-03T10:15:20Z"}
STATE = {
    "state_id": "b7c7c1de-5b5d-5f0e-9d2f-0f4a1f7b9c10",
    "entry_id": ENTRY_ID,
    "student_user_id": STUDENT_ID,
    "status": "outcome_available",
    "created_at": "2026-09-03T10:15:00Z",
    "updated_at": "2026-09-03T10:15:20Z",
}


def example(name: str, value: Any) -> Any:
    """Decorates a serializer with one example of an answer."""
    return extend_schema_serializer(examples=[OpenApiExample(name, value=value)])


# --- outcomes ------------------------------------------------------------------
class EvidenceSerializer(serializers.Serializer):
    """A quote, and where it stands in the answer's plain text; null where it does not."""

    quote = serializers.CharField()
    start = serializers.IntegerField(allow_null=True)
    end = serializers.IntegerField(allow_null=True)


class CriterionResultSerializer(serializers.Serializer):
    """What one criterion got: a level, and the points of it."""

    index = serializers.IntegerField(help_text="The criterion's row in the rubric, from 0.")
    text = serializers.CharField()
    level = serializers.IntegerField(help_text="The level's column in the rubric, from 0.")
    level_text = serializers.CharField()
    points = Number(help_text="Before the criterion's weight.")
    max_points = Number()
    weight = Number()
    reasoning = serializers.CharField()
    evidence = EvidenceSerializer(many=True)
    confidence = serializers.IntegerField(allow_null=True, help_text="0 to 100.")


class ProvenanceSerializer(serializers.Serializer):
    """Who or what graded."""

    grader = serializers.ChoiceField(GraderKind.choices)
    graded_by = serializers.CharField(allow_null=True, help_text="The person, where it was one.")
    provider = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    prompt_version = serializers.CharField(allow_null=True)
    revision = serializers.IntegerField(help_text="Counts the outcome's changes, from 1.")


class OutcomeDataSerializer(serializers.Serializer):
    """The result itself."""

    columns: tuple[str, ...] = (
        *("feedback", "score", "confidence", "max_score", "criteria", "grader", "number"),
        *("created_by__full_name", "created_by__username"),
        *("run__provider", "run__model", "run__prompt_version"),
    )

    feedback_text = serializers.CharField(
        help_text="HTML: b, strong, i, em, u, ul, ol, li, p, br only."
    )
    score = Number()
    llm_confidence = serializers.IntegerField(
        help_text="0 to 100; of the machine, also where a person decided after it."
    )
    max_score = Number()
    criteria = CriterionResultSerializer(many=True)
    provenance = ProvenanceSerializer()

    def __init__(self, revision: str, **kwargs: Any) -> None:
        super().__init__(source=revision, read_only=True, **kwargs)
        self.columns = tuple(f"{revision}__{name}" for name in self.columns)

    def from_columns(self, *values: Any) -> dict[str, Any]:
        return outcome_data(*values)


class IsByMachine(serializers.BooleanField):
    def __init__(self, revision: str) -> None:
        super().__init__(source=revision, read_only=True, help_text="Whether no person decided.")
        self.columns = (f"{revision}__grader",)

    def from_columns(self, grader: str) -> bool:
        return grader != GraderKind.PERSON


@example("An outcome", OUTCOME)
class OutcomeSerializer(RowSerializer):
    """A result as the student may read it; null until it is released."""

    key = "released_id"

    outcome_id = Id(source="pk", read_only=True)
    submission_id = Id(read_only=True)
    outcome_data = OutcomeDataSerializer("released")
    is_llm_generated = IsByMachine("released")
    generated_at = Moment(source="released.created_at", read_only=True)


@example("An outcome", {**OUTCOME, **REVIEW})
class StaffOutcomeSerializer(RowSerializer):
    """A result as staff see it: what is in force, released to the student or not."""

    outcome_id = Id(source="pk", read_only=True)
    submission_id = Id(read_only=True)
    outcome_data = OutcomeDataSerializer("current")
    is_llm_generated = IsByMachine("current")
    generated_at = Moment(source="current.created_at", read_only=True)
    needs_review = serializers.BooleanField(read_only=True)
    review_reasons = serializers.ListField(child=serializers.CharField(), read_only=True)
    released_at = Moment(read_only=True, allow_null=True)


OUTCOME_ROW = OneRow(StaffOutcomeSerializer, Outcome.objects.managed_by)


def outcome_data(
    feedback: str,
    score: Decimal,
    confidence: int | None,
    max_score: Decimal,
    criteria: list[dict[str, Any]],
    grader: str,
    number: int,
    full_name: str | None,
    username: str | None,
    provider: str | None,
    model: str | None,
    prompt_version: str | None,
) -> dict[str, Any]:
    """The fields of :class:`OutcomeDataSerializer` from its columns."""
    return {
        "feedback_text": feedback,
        "score": float(score),
        "llm_confidence": confidence or 0,
        "max_score": float(max_score),
        "criteria": [criterion_result(item) for item in criteria],
        "provenance": {
            "grader": grader,
            "graded_by": full_name or username,
            "provider": provider,
            "model": model,
            "prompt_version": prompt_version,
            "revision": number,
        },
    }


def criterion_result(item: dict[str, Any]) -> dict[str, Any]:
    """A stored result, just read, with its exact points turned into JSON numbers."""
    item["points"] = float(item["points"])
    item["max_points"] = float(item["max_points"])
    item["weight"] = float(item["weight"])
    return item


INPUTS = {"feedback": "feedback_text", "score": "score"}
"""What a client calls the inputs of an override; the others are those of a criterion."""


class CriterionChangeSerializer(serializers.Serializer):
    """A person's decision on one criterion; what is left away stays as it is."""

    level = serializers.IntegerField(required=False, min_value=0, max_value=100)
    points = Number(required=False)
    comment = OptionalText(max_length=5000)


class OutcomeDataChangeSerializer(serializers.Serializer):
    """What a person changes of a result; other keys, as they were read, do no harm."""

    feedback_text = Text(required=False, max_length=100_000)
    score = Number(
        required=False,
        help_text="A total of the person's own; otherwise it is the sum over the criteria.",
    )
    llm_confidence = Number(required=False, maximum=100)
    criteria = CriterionChangeSerializer(many=True, required=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Another total and feedback",
            value={
                "outcome_data": {"feedback_text": "<p>Well done.</p>", "score": 12},
                "is_llm_generated": False,
                "reason": "The formula counts as evidence.",
            },
        ),
        OpenApiExample(
            "Another level on the second criterion",
            value={"outcome_data": {"criteria": [{}, {"level": 1}]}},
        ),
    ]
)
class OutcomeChangeSerializer(ServiceSerializer):
    """A person's decision. It is recorded as theirs, and the student can read it at once."""

    outcome_data = OutcomeDataChangeSerializer(required=False)
    is_llm_generated = Flag(
        required=False, help_text="`false` alone approves the outcome as it is."
    )
    reason = OptionalText(max_length=5000)

    instance: Outcome

    def update(self, instance: Outcome, validated_data: dict[str, Any]) -> Outcome:
        sent = validated_data.get("outcome_data", {})
        current = instance.current
        changes = {
            "feedback": _unless_same(sent.get("feedback_text"), current.feedback),
            "score": _unless_same(sent.get("score"), current.score),
            "decisions": decisions(sent.get("criteria", []), current.criteria),
        }
        if sent.get("llm_confidence") is not None:
            confidence = _unless_same(int(sent["llm_confidence"]), current.confidence or 0)
            changes["confidence"] = confidence
        is_approval = validated_data.get("is_llm_generated") is False and current.is_by_machine
        if all(value is None for value in changes.values()) and not is_approval:
            return instance
        return override_outcome(
            instance.submission,
            **changes,
            reason=validated_data.get("reason") or str(_("Changed over the API.")),
            expected_revision=current.number,
            by=validated_data["by"],
        )

    def path_to(self, source: str) -> list[str]:
        if source == "reason" or not source:
            return [source] if source else []
        return ["outcome_data", INPUTS.get(source, "criteria")]


def decisions(
    sent: list[dict[str, Any]], current: list[dict[str, Any]]
) -> list[CriterionDecision] | None:
    """What the list of criteria in a request decides; None where it changes nothing.

    A client may send back what it read with one number changed: points that belong to the level
    before do not count against a new level.
    """
    if len(sent) > len(current):
        raise serializers.ValidationError(
            {"outcome_data": {"criteria": [_("There are only %d criteria.") % len(current)]}}
        )
    rows = [*sent, *({} for _missing in range(len(current) - len(sent)))]
    decided = [_decision(row, item) for row, item in zip(rows, current, strict=True)]
    kept = [_decision({}, item) for item in current]
    return decided if decided != kept else None


def _decision(row: dict[str, Any], item: dict[str, Any]) -> CriterionDecision:
    before = Decimal(item["points"])
    level = row.get("level", item["level"])
    points = row.get("points", before)
    if level != item["level"] and points == before:
        points = None
    return CriterionDecision(level, points, row.get("comment") or "")


def _unless_same(sent: Any, current: Any) -> Any:
    return None if sent == current else sent


# --- submissions ---------------------------------------------------------------
class StudentName(serializers.CharField):
    columns = ("student__full_name", "student__username")

    def from_columns(self, full_name: str, username: str) -> str:
        return full_name or username


class Status(serializers.ChoiceField):
    """Of a submission, read with its latest run."""

    columns = ("run_state", "outcome__needs_review")

    def from_columns(self, run_state: str | None, needs_review: bool | None) -> str:
        return status_of(run_state, needs_review)


class SubmissionFields(RowSerializer):
    """One attempt of a student at an entry."""

    submission_id = Id(source="pk", read_only=True)
    entry_id = Id(read_only=True)
    student_user_id = Id(source="student_id", read_only=True)
    student_name = StudentName(read_only=True)
    submission_title = serializers.CharField(source="title", read_only=True)
    content = serializers.CharField(read_only=True, help_text="HTML.")
    attempt = serializers.IntegerField(read_only=True)
    submitted_at = Moment(read_only=True)


@example("A submission", {**SUBMISSION, "outcome": OUTCOME})
class SubmissionSerializer(SubmissionFields):
    """A student's own submission, with the outcome once it is released."""

    outcome = OutcomeSerializer(read_only=True, allow_null=True)


@example("A submission", {**SUBMISSION, "status": "released", "outcome": {**OUTCOME, **REVIEW}})
class StaffSubmissionSerializer(SubmissionFields):
    """A submission as staff see it, with the outcome in force."""

    status = Status(SubmissionStatus.choices, read_only=True)
    outcome = StaffOutcomeSerializer(read_only=True, allow_null=True)


def reviewed_by(user: User) -> SubmissionQuerySet:
    """What a configurator may review, as :class:`StaffSubmissionSerializer` reads it."""
    return Submission.objects.managed_by(user).with_latest_run()


OWN_SUBMISSION_ROW = OneRow(SubmissionSerializer, Submission.objects.visible_to)
SUBMISSION_ROW = OneRow(StaffSubmissionSerializer, reviewed_by)


@extend_schema_serializer(examples=[OpenApiExample("An answer", value=ANSWER, request_only=True)])
class AnswerSerializer(ServiceSerializer):
    """What a student hands in."""

    submission_title = OptionalText(
        source="title", max_length=255, help_text="The attempt's number where it is left away."
    )
    content = Html(
        help_text="HTML, or plain text.",
        error_messages={"blank": _("Write an answer before you submit.")},
    )

    def create(self, validated_data: dict[str, Any]) -> Submission:
        return submit_answer(**validated_data)


@example(
    "In the queue",
    {"submission_id": SUBMISSION_ID, "status": "queued", "detail": "It waits to be graded."},
)
class ProgressSerializer(serializers.Serializer):
    """Where the grading of a submission stands."""

    submission_id = Id(source="pk", read_only=True)
    status = serializers.ChoiceField(SubmissionStatus.choices, read_only=True)
    detail = serializers.CharField(read_only=True)


# --- states --------------------------------------------------------------------
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
        **TIMES,
        "student_state": {**STATE, "submission": {**SUBMISSION, "outcome": OUTCOME}},
    },
)
class StudentEntrySerializer(EntrySerializer):
    """An entry as one student sees it."""

    student_state = StateSerializer(read_only=True)


def student_entries(entries: QuerySet[Entry], student: User) -> list[dict[str, Any]]:
    """Entries with the student's state, as :class:`StudentEntrySerializer`."""
    rows = EntrySerializer.rows(entries)
    ids = [row["entry_id"] for row in rows]
    found = StudentEntryState.objects.filter(entry__in=ids, student=student)
    states = {state["entry_id"]: state for state in StateSerializer.rows(found)}
    return [{**row, "student_state": _state_in(row, states, student)} for row in rows]


def _state_in(
    row: dict[str, Any], states: dict[UUID, dict[str, Any]], student: User
) -> dict[str, Any]:
    entry_id = row["entry_id"]
    return states.get(entry_id) or not_submitted(entry_id, row["created_at"], student.pk)
