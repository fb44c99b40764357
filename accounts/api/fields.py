"""Fields that take the JSON type they name, and no other that could be read as it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class Text(serializers.CharField):
    """A JSON string; a number is none.

    Attributes:
        limits: what the schema says of it besides its lengths.
    """

    def __init__(self, *, pattern: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not pattern and self.trim_whitespace and not self.allow_blank:
            pattern = r"\S"
        self.limits = {"pattern": pattern} if pattern else {}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class OptionalText(Text):
    """A text that may be left away, empty or null, which all mean the same."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_blank=True, allow_null=True, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation("" if data is None else data)


class Flag(serializers.BooleanField):
    """JSON true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Id(serializers.UUIDField):
    """An id as text."""

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class Moment(serializers.DateTimeField):
    """A time with its offset, left for the renderer to write: far quicker in long lists."""

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(OpenApiTypes.DOUBLE)
class Number(serializers.Field):
    """A JSON number, kept exactly as it was written, within `minimum`..`maximum`.

    Attributes:
        limits: the same, as the schema says it.
    """

    default_error_messages = {
        "invalid": "A valid number is required.",
        "range": "Must be a number from {minimum} to {maximum}.",
    }

    def __init__(self, minimum: int = 0, maximum: int = 10**9, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.minimum, self.maximum = minimum, maximum
        self.limits = {"minimum": minimum, "maximum": maximum}

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        if not self.minimum <= data <= self.maximum:
            self.fail("range", minimum=self.minimum, maximum=self.maximum)
        return Decimal(str(data))

    def to_representation(self, value: Any) -> float:
        return float(value)
