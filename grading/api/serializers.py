"""Submissions, outcomes and states as JSON, in the names of the API contract."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.api.base import ServiceSerializer
from accounts.api.fields import Flag, Id, Moment, Number, OptionalText, Text
from components.api.serializers import ENTRY, ENTRY_ID, TIMES, EntrySerializer, Html
from grading.enums import EntryStatus, GraderKind, SubmissionStatus
from grading.models import Outcome, OutcomeRevision, Submission
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

    def to_representation(self, instance: OutcomeRevision) -> Any:
        return outcome_data(instance)


@example("An outcome", OUTCOME)
class OutcomeSerializer(serializers.Serializer):
    """A result as the student may read it; its instance is a revision, with its outcome."""

    outcome_id = Id(read_only=True)
    submission_id = Id(source="outcome.submission_id", read_only=True)
    outcome_data = OutcomeDataSerializer(source="*", read_only=True)
    is_llm_generated = serializers.BooleanField(
        source="is_by_machine", read_only=True, help_text="Whether no person decided."
    )
    generated_at = Moment(source="created_at", read_only=True)


@example("An outcome", {**OUTCOME, **REVIEW})
class StaffOutcomeSerializer(OutcomeSerializer):
    """A result as staff see it: what is in force, released to the student or not."""

    needs_review = serializers.BooleanField(source="outcome.needs_review", read_only=True)
    review_reasons = serializers.ListField(
        child=serializers.CharField(), source="outcome.review_reasons", read_only=True
    )
    released_at = Moment(source="outcome.released_at", read_only=True, allow_null=True)


def outcome_data(revision: OutcomeRevision) -> dict[str, Any]:
    """The fields of :class:`OutcomeDataSerializer`, plainly: lists hold many of them."""
    run = revision.run
    return {
        "feedback_text": revision.feedback,
        "score": float(revision.score),
        "llm_confidence": revision.confidence or 0,
        "max_score": float(revision.max_score),
        "criteria": [criterion_result(item) for item in revision.criteria],
        "provenance": {
            "grader": revision.grader,
            "graded_by": revision.created_by.display_name if revision.created_by else None,
            "provider": run.provider if run else None,
            "model": run.model if run else None,
            "prompt_version": run.prompt_version if run else None,
            "revision": revision.number,
        },
    }


def criterion_result(item: dict[str, Any]) -> dict[str, Any]:
    """A stored result with its exact points as JSON numbers."""
    points = {name: float(item[name]) for name in ("points", "max_points", "weight")}
    return {**item, **points}


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
        confidence = sent.get("llm_confidence")
        is_approval = validated_data.get("is_llm_generated") is False and current.is_by_machine
        if all(value is None for value in changes.values()) and not is_approval:
            return instance
        return override_outcome(
            instance.submission,
            **changes,
            confidence=None if confidence is None else int(confidence),
            reason=validated_data.get("reason") or _("Changed over the API."),
            expected_revision=current.number,
            by=validated_data["by"],
        )

    def name_of(self, source: str) -> str:
        return "outcome_data" if source else ""


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
class SubmissionFields(serializers.Serializer):
    """One attempt of a student at an entry."""

    submission_id = Id(source="pk", read_only=True)
    entry_id = Id(read_only=True)
    student_user_id = Id(source="student_id", read_only=True)
    student_name = serializers.CharField(source="student.display_name", read_only=True)
    submission_title = serializers.CharField(source="title", read_only=True)
    content = serializers.CharField(read_only=True, help_text="HTML.")
    attempt = serializers.IntegerField(read_only=True)
    submitted_at = Moment(read_only=True)


@example("A submission", {**SUBMISSION, "outcome": OUTCOME})
class SubmissionSerializer(SubmissionFields):
    """A student's own submission, with the outcome once it is released."""

    outcome = OutcomeSerializer(source="released_revision", read_only=True, allow_null=True)


@example("A submission", {**SUBMISSION, "status": "released", "outcome": {**OUTCOME, **REVIEW}})
class StaffSubmissionSerializer(SubmissionFields):
    """A submission as staff see it, with the outcome in force."""

    status = serializers.ChoiceField(SubmissionStatus.choices, read_only=True)
    outcome = StaffOutcomeSerializer(source="current_revision", read_only=True, allow_null=True)


@extend_schema_serializer(examples=[OpenApiExample("An answer", value=ANSWER, request_only=True)])
class AnswerSerializer(ServiceSerializer):
    """What a student hands in."""

    submission_title = OptionalText(
        source="title", max_length=255, help_text="The attempt's number where it is left away."
    )
    content = Html(help_text="HTML, or plain text.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["content"].required = True

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
class StateFields(serializers.Serializer):
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

    submission = StaffSubmissionSerializer(
        source="latest_submission", read_only=True, allow_null=True
    )


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
