"""Outcomes as JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from accounts.api.fields import Id, Moment, Number
from accounts.api.rows import OneRow, RowSerializer
from grading.api.serializers.examples import OUTCOME, REVIEW, example
from grading.enums import GraderKind
from grading.models import Outcome


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
    opinions = serializers.ListField(
        child=serializers.IntegerField(),
        required=False,
        help_text="The level of each independent opinion; empty where there was one.",
    )


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
