"""A rubric's definition as JSON."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from components.rubrics.check import MAX_CRITERIA, MAX_LEVELS, MAX_NUMBER, MAX_TEXT

RUBRIC = {
    "criteria": [{"text": "Argument", "marks": 10}, {"text": "Evidence", "marks": 5}],
    "performance_levels": [{"text": "Excellent"}, {"text": "Good"}, {"text": "Poor"}],
    "cell_descriptions": [
        ["Every step follows from the one before.", "Most steps follow.", "Few steps follow."],
        ["Measurements with their units.", "An observation.", "None."],
    ],
}


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def grid_of(cell: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "array", "items": cell}}


RUBRIC_NUMBER = {"type": "number", "minimum": 0, "maximum": float(MAX_NUMBER)}
RUBRIC_TEXT = {"type": "string", "maxLength": MAX_TEXT}
RUBRIC_NAME = {**RUBRIC_TEXT, "minLength": 1, "pattern": r"\S"}
RUBRIC_SCHEMA = {
    "type": "object",
    "description": (
        "`cell_descriptions[i][j]` says what criterion i looks like at level j: a row for each "
        "criterion, a cell for each level. Levels run from best to worst unless all carry "
        "`points`. A criterion may have a `weight`, and `cell_points[i][j]` are points of a "
        "cell's own. Numbers have at most two decimals. `{}` is no rubric."
    ),
    "properties": {
        "criteria": {
            "type": "array",
            "maxItems": MAX_CRITERIA,
            "items": {
                "type": "object",
                "properties": {
                    "text": RUBRIC_NAME,
                    "marks": RUBRIC_NUMBER,
                    "weight": or_null(RUBRIC_NUMBER),
                    "id": or_null(RUBRIC_NAME),
                },
                "required": ["text", "marks"],
                "additionalProperties": False,
            },
        },
        "performance_levels": {
            "type": "array",
            "maxItems": MAX_LEVELS,
            "items": {
                "type": "object",
                "properties": {
                    "text": RUBRIC_NAME,
                    "points": or_null(RUBRIC_NUMBER),
                    "id": or_null(RUBRIC_NAME),
                },
                "required": ["text"],
                "additionalProperties": False,
            },
        },
        "cell_descriptions": or_null(grid_of(or_null(RUBRIC_TEXT))),
        "cell_points": or_null(grid_of(or_null(RUBRIC_NUMBER))),
    },
    "additionalProperties": False,
    "examples": [RUBRIC],
}


@extend_schema_field(RUBRIC_SCHEMA, component_name="RubricDefinition")
class RubricField(serializers.Field):
    """A rubric's definition; the service behind it says what is wrong with one."""

    columns = ("rubric__definition",)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict):
            raise serializers.ValidationError("Must be an object; {} is no rubric.")
        return data

    def from_columns(self, definition: Any) -> Any:
        return definition or {}
