"""Submissions as JSON."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts.api.base import ServiceSerializer
from accounts.api.fields import Id, Moment, OptionalText
from accounts.api.rows import OneRow, RowSerializer
from accounts.models import User
from components.api.serializers import Html
from grading.api.serializers.examples import (
    ANSWER,
    OUTCOME,
    REVIEW,
    SUBMISSION,
    SUBMISSION_ID,
    example,
)
from grading.api.serializers.outcomes import OutcomeSerializer, StaffOutcomeSerializer
from grading.enums import SubmissionStatus
from grading.models import Submission, SubmissionQuerySet
from grading.models.submissions import status_of
from grading.services.submissions import submit_answer


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
