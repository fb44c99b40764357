"""Accounts as JSON."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.validators import UniqueValidator

from accounts.api.base import ServiceSerializer
from accounts.api.fields import Flag, Id, Moment, OptionalText, Text
from accounts.api.rows import OneRow, RowSerializer
from accounts.enums import Role
from accounts.models import User
from accounts.services import create_user

MAX_PASSWORD = 1000
USERNAME = r"^[^\s!-*,/:-?\[-^`{-~]+$"
"""No spaces, and of the ASCII punctuation only `@ . + - _`."""
EMAIL = r"^\S+@\S+$"


class _Unique(UniqueValidator):
    """What is too long to be stored is nobody's, and nothing to ask a database for."""

    def __call__(self, value: str, serializer_field: Any) -> None:
        if len(value) <= serializer_field.max_length:
            super().__call__(value, serializer_field)


def _no_other(message: Any) -> UniqueValidator:
    """Says of the field what the database's constraint would say of the whole account."""
    return _Unique(User.objects.all(), message=message, lookup="iexact")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A student",
            value={
                "user_id": "0b9b2f6e-6d7e-4c39-9e0b-6a4f6a3f9d11",
                "username": "mira.k",
                "email": "mira.k@example.org",
                "full_name": "Mira Kovacs",
                "role": "student",
                "is_active": True,
                "created_at": "2026-09-01T08:00:00Z",
                "updated_at": "2026-09-01T08:00:00Z",
            },
        )
    ]
)
class UserSerializer(RowSerializer):
    """A person with one role."""

    user_id = Id(source="pk", read_only=True)
    username = serializers.CharField(read_only=True)
    email = serializers.EmailField(read_only=True, allow_null=True)
    full_name = serializers.CharField(read_only=True)
    role = serializers.ChoiceField(Role.choices, read_only=True)
    is_active = serializers.BooleanField(read_only=True)
    created_at = Moment(read_only=True)
    updated_at = Moment(read_only=True)


USER = OneRow(UserSerializer, User.objects.visible_to, shared_by=(Role.ADMIN, Role.CONFIGURATOR))


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A student",
            value={
                "username": "mira.k",
                "password": "seven green kites",
                "email": "mira.k@example.org",
                "full_name": "Mira Kovacs",
                "role": "student",
            },
        )
    ]
)
class RegisterSerializer(ServiceSerializer):
    """A new account."""

    username = Text(
        max_length=100,
        pattern=USERNAME,
        validators=[_no_other(_("A user with this username exists already."))],
    )
    password = Text(max_length=MAX_PASSWORD, trim_whitespace=False)
    email = OptionalText(
        max_length=255,
        pattern=EMAIL,
        validators=[_no_other(_("A user with this e-mail address exists already."))],
    )
    full_name = OptionalText(max_length=255)
    role = serializers.ChoiceField(Role.choices, default=Role.STUDENT)
    is_active = Flag(default=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["email"] = attrs.get("email") or None
        about = {name: attrs.get(name) or "" for name in ("username", "full_name", "email")}
        try:
            validate_password(attrs["password"], user=User(**about))
        except DjangoValidationError as error:
            raise serializers.ValidationError({"password": error.messages}) from error
        return attrs

    def create(self, validated_data: dict[str, Any]) -> User:
        return create_user(**validated_data)


@extend_schema_serializer(
    examples=[
        OpenApiExample("Sign in", value={"username": "mira.k", "password": "seven green kites"})
    ]
)
class SignInSerializer(serializers.Serializer):
    """Username (upper and lower case are the same) and password."""

    username = Text(max_length=255, trim_whitespace=False)
    password = Text(max_length=MAX_PASSWORD, trim_whitespace=False)


class RefreshSerializer(serializers.Serializer):
    """The refresh token that came with an access token."""

    refresh_token = Text(max_length=2000)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Token",
            value={
                "access_token": "eyJhbGciOiJIUzI1NiIs...",
                "token_type": "bearer",
                "expires_in": 1800,
            },
        )
    ]
)
class AccessSerializer(serializers.Serializer):
    """Send the access token as `Authorization: Bearer <access_token>`."""

    access_token = serializers.CharField(read_only=True)
    token_type = serializers.CharField(read_only=True)
    expires_in = serializers.IntegerField(read_only=True, help_text="Seconds.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Tokens",
            value={
                "access_token": "eyJhbGciOiJIUzI1NiIs...",
                "token_type": "bearer",
                "expires_in": 1800,
                "refresh_token": "eyJhbGciOiJIUzI1NiIs...",
            },
        )
    ]
)
class TokensSerializer(AccessSerializer):
    """The refresh token gets a new access token, for longer than that lasts."""

    refresh_token = serializers.CharField(read_only=True)


class MessageSerializer(serializers.Serializer):
    """What was done, in a sentence."""

    message = serializers.CharField(read_only=True)
