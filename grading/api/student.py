"""What students do: read their components and entries, hand in, read outcomes."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ApiView, ListView, MayStudy, parsed_id
from accounts.api.schema import ErrorSerializer
from accounts.throttles import SubmitThrottle
from components.api.serializers import ComponentSerializer
from components.models import Component, Entry
from grading.api.serializers.states import StudentEntrySerializer, student_entries
from grading.api.serializers.submissions import (
    OWN_SUBMISSION_ROW,
    AnswerSerializer,
    SubmissionSerializer,
)
from grading.models import Submission, SubmissionQuerySet

MAX_KEY = 255
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": MAX_KEY},
    OpenApiParameter.HEADER,
    description=(
        "A word of your own for this answer. Sent again with the same answer it is answered with "
        "the same submission, so that a request may be repeated after a lost connection."
    ),
)


class StudentView(ApiView):
    permission_classes = [MayStudy]

    def entry(self, entry_id: str) -> Entry:
        """The entry of this id in a component that the student is enrolled in, or a 404."""
        entries = Entry.objects.visible_to(self.user).select_related("component", "rubric")
        return self.found(entries, entry_id)

    def submissions(self) -> SubmissionQuerySet:
        """The student's own submissions, newest first."""
        own = Submission.objects.visible_to(self.user)
        return own.order_by("-submitted_at", "-attempt", "pk")


class StudentList(ListView, StudentView):
    filter_backends = []


class StudentComponents(StudentList):
    serializer_class = ComponentSerializer

    @extend_schema(responses=ComponentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the components that you are enrolled in."""
        return self.listed(Component.objects.visible_to(self.user))


class StudentEntries(StudentList):
    serializer_class = StudentEntrySerializer

    @extend_schema(responses=StudentEntrySerializer(many=True))
    def get(self, request: Request, comp_id: str) -> Response:
        """List a component's entries, each with where you stand."""
        component = self.found(Component.objects.visible_to(self.user), comp_id)
        page = self.page_of(component.entries.all())
        return self.get_paginated_response(student_entries(page, self.user))


class StudentEntryView(StudentView):
    serializer_class = StudentEntrySerializer

    @extend_schema(responses=StudentEntrySerializer)
    def get(self, request: Request, entry_id: str) -> Response:
        """Read an entry with where you stand."""
        visible = Entry.objects.visible_to(self.user).filter(pk=parsed_id(entry_id))
        for entry in student_entries(visible, self.user):
            return Response(entry)
        raise Http404


class Submit(StudentView):
    serializer_class = AnswerSerializer
    throttle = SubmitThrottle

    @extend_schema(
        request=AnswerSerializer,
        responses={
            201: SubmissionSerializer,
            409: OpenApiResponse(
                ErrorSerializer, description="This `Idempotency-Key` came with another answer."
            ),
        },
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, entry_id: str) -> Response:
        """Hand in an answer.

        It is stored at once, and graded behind it: read the submission again until it has an
        outcome.
        """
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > MAX_KEY:
            raise ValidationError({"Idempotency-Key": [f"At most {MAX_KEY} characters."]})
        entry = self.entry(entry_id)
        submission = self.bound().save(entry=entry, idempotency_key=key or None, by=self.user)
        return Response(self.one(OWN_SUBMISSION_ROW, submission.pk), status=201)


class StudentEntrySubmissions(StudentList):
    serializer_class = SubmissionSerializer

    @extend_schema(responses=SubmissionSerializer(many=True))
    def get(self, request: Request, entry_id: str) -> Response:
        """List what you handed in to an entry, newest first."""
        return self.listed(self.submissions().filter(entry=self.entry(entry_id)))


class StudentSubmissions(StudentList):
    serializer_class = SubmissionSerializer

    @extend_schema(responses=SubmissionSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List everything that you handed in, newest first."""
        return self.listed(self.submissions())


class StudentSubmission(StudentView):
    serializer_class = SubmissionSerializer

    @extend_schema(responses=SubmissionSerializer)
    def get(self, request: Request, submission_id: str) -> Response:
        """Read one of your submissions, with its outcome once that is released."""
        return Response(self.one(OWN_SUBMISSION_ROW, submission_id))
