"""Components and entries as JSON, in the names of the API contract."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.api.fields import Flag, Id, Moment, OptionalText, Text
from accounts.api.rows import OneRow, RowSerializer
from components.api.rubric import RUBRIC, RubricField
from components.html import sent_to_html
from components.models import Component, Entry
from components.services import create_component, create_entry, set_rubric, update_component
from components.services import update_entry as change_entry

COMPONENT = {
    "comp_name": "Foundations of Biology",
    "general_instructions": "<p>Answer in your own words.</p>",
}
COMPONENT_ID = "5f6c3ad0-3c52-4d1e-9d3c-1f6f4f0a7f10"
ENTRY_ID = "c0a8f5de-1f0b-4a52-8a33-9d0b8a1b6c77"
TIMES = {"created_at": "2026-09-01T08:00:00Z", "updated_at": "2026-09-02T09:30:00Z"}
ENTRY = {
    "flex_age_comp_id": COMPONENT_ID,
    "entry_title": "How plants feed",
    "instructions": "<p>Explain how plants feed. Give evidence.</p>",
    "rubric_definition": RUBRIC,
}


class Html(Text):
    """HTML; what could run, load or disguise is taken out. A text without tags is plain text."""

    def to_internal_value(self, data: Any) -> str:
        return sent_to_html(super().to_internal_value(data))


class OptionalHtml(Html, OptionalText):
    pass


@extend_schema_serializer(
    examples=[
        OpenApiExample("A component", value=COMPONENT, request_only=True),
        OpenApiExample(
            "A component", value={"comp_id": COMPONENT_ID, **COMPONENT, **TIMES}, response_only=True
        ),
    ]
)
class ComponentSerializer(RowSerializer):
    """A course unit."""

    comp_id = Id(source="pk", read_only=True)
    comp_name = Text(source="name", max_length=255)
    general_instructions = OptionalHtml()
    created_at = Moment(read_only=True)
    updated_at = Moment(read_only=True)

    def create(self, validated_data: dict[str, Any]) -> Component:
        return create_component(**validated_data)

    def update(self, instance: Component, validated_data: dict[str, Any]) -> Component:
        return update_component(instance, **validated_data)


@extend_schema_serializer(
    examples=[
        OpenApiExample("An entry", value=ENTRY, request_only=True),
        OpenApiExample(
            "An entry",
            value={
                "entry_id": ENTRY_ID,
                **ENTRY,
                "rubric_revision": 1,
                "is_rubric_hidden": False,
                **TIMES,
            },
            response_only=True,
        ),
    ]
)
class EntrySerializer(RowSerializer):
    """A task with its rubric."""

    entry_id = Id(source="pk", read_only=True)
    flex_age_comp_id = Id(source="component_id")
    entry_title = Text(source="title", max_length=255)
    instructions = OptionalHtml()
    rubric_definition = RubricField()
    rubric_revision = serializers.IntegerField(
        read_only=True, help_text="Counts the changes of the rubric."
    )
    is_rubric_hidden = Flag(
        required=False,
        help_text="Whether students read `cell_descriptions` as empty texts. `false` at first.",
    )
    created_at = Moment(read_only=True)
    updated_at = Moment(read_only=True)

    def validate_flex_age_comp_id(self, value: Any) -> Any:
        if isinstance(self.instance, Entry) and value != self.instance.component_id:
            raise serializers.ValidationError("An entry stays in its component.")
        return value

    def create(self, validated_data: dict[str, Any]) -> Entry:
        validated_data.pop("component_id")
        return create_entry(**validated_data)

    def update(self, instance: Entry, validated_data: dict[str, Any]) -> Entry:
        by = validated_data.pop("by")
        validated_data.pop("component_id", None)
        definition = validated_data.pop("rubric_definition", None)
        if definition is not None:
            instance = set_rubric(instance, definition, expected_revision=None, by=by)
        return change_entry(instance, by=by, **validated_data)


COMPONENT_ROW = OneRow(ComponentSerializer, Component.objects.managed_by)
ENTRY_ROW = OneRow(EntrySerializer, Entry.objects.managed_by)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A student and a component",
            value={
                "student_user_id": "0b9b2f6e-6d7e-4c39-9e0b-6a4f6a3f9d11",
                "flex_age_comp_id": COMPONENT_ID,
            },
        )
    ]
)
class EnrollSerializer(serializers.Serializer):
    """A student's place in a component."""

    student_user_id = Id()
    flex_age_comp_id = Id()
