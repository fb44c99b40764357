"""What a person decides about an outcome, as clients send it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.api.base import ServiceSerializer
from accounts.api.fields import Flag, Number, OptionalText, Text
from grading.models import Outcome
from grading.services.outcomes import CriterionDecision, override_outcome

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
            reason=validated_data.get("reason") or _("Changed over the API."),
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
