"""What configurators do with submissions and outcomes."""

from __future__ import annotations

import threading
import time

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.schema import IF_MATCH
from accounts.errors import ConflictError
from accounts.models import User
from components.api.views import ConfigureList, ConfigureView
from components.models import Entry
from grading.api.filters import StateFilters, SubmissionFilters
from grading.api.serializers.decisions import OutcomeChangeSerializer
from grading.api.serializers.outcomes import OUTCOME_ROW, StaffOutcomeSerializer
from grading.api.serializers.states import StaffStateSerializer, staff_states
from grading.api.serializers.submissions import (
    SUBMISSION_ROW,
    ProgressSerializer,
    StaffSubmissionSerializer,
    reviewed_by,
)
from grading.enums import RunState
from grading.exports import result_lines
from grading.models import GradingRun, Outcome, Submission, SubmissionQuerySet
from grading.selectors import students_with_status
from grading.services.grading import request_regrade
from grading.services.outcomes import release_outcome

LOOK_SECONDS = 0.1
may_wait = threading.BoundedSemaphore(2)
NEWEST_FIRST = ("-submitted_at", "-attempt", "pk")
TRUE, FALSE = {"true", "1"}, {"false", "0", ""}
FORCE = OpenApiParameter(
    "force_regenerate",
    OpenApiTypes.BOOL,
    description="Grade again although there is an outcome; that stays until the new one is there.",
)


class SubmissionMixin(ConfigureView):
    def submissions(self) -> SubmissionQuerySet:
        """What the user may review, newest first."""
        return reviewed_by(self.user).order_by(*NEWEST_FIRST)

    def entry(self, entry_id: str) -> Entry:
        """The entry of this id that the user is in charge of, or a 404."""
        entries = Entry.objects.managed_by(self.user).select_related("component")
        return self.found(entries, entry_id)


class Submissions(SubmissionMixin, ConfigureList):
    serializer_class = StaffSubmissionSerializer
    filterset_class = SubmissionFilters
    queryset = Submission.objects.none()

    @extend_schema(responses=StaffSubmissionSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the submissions of the components that you are in charge of, newest first."""
        return self.listed_by_key(self.submissions())


class EntrySubmissions(SubmissionMixin, ConfigureList):
    serializer_class = StaffSubmissionSerializer
    filterset_class = SubmissionFilters
    queryset = Submission.objects.none()

    @extend_schema(responses=StaffSubmissionSerializer(many=True))
    def get(self, request: Request, entry_id: str) -> Response:
        """List an entry's submissions, newest first."""
        submissions = Submission.objects.filter(entry=self.entry(entry_id)).with_latest_run()
        return self.listed_by_key(submissions.order_by(*NEWEST_FIRST))


class EntryStates(SubmissionMixin, ConfigureList):
    serializer_class = StaffStateSerializer
    filterset_class = StateFilters
    queryset = User.objects.none()

    @extend_schema(responses=StaffStateSerializer(many=True))
    def get(self, request: Request, entry_id: str) -> Response:
        """List where each student stands with an entry.

        Everybody who is enrolled, whether they handed in or not, and everybody who handed in.
        """
        entry = self.entry(entry_id)
        page = self.page_of(students_with_status(entry))
        states = staff_states(entry, list(page.values_list("pk", flat=True)), self.user)
        return self.get_paginated_response(states)


class EntryResults(SubmissionMixin):
    has_etag = False

    @extend_schema(
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, description="A line each.")}
    )
    def get(self, request: Request, entry_id: str) -> HttpResponseBase:
        """Export an entry's results as CSV (UTF-8)."""
        entry = self.entry(entry_id)
        submissions = self.submissions().filter(entry=entry).with_outcome()
        name = f"results-{entry.pk}.csv"
        return StreamingHttpResponse(
            result_lines(submissions.select_related("student")),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


class SubmissionView(SubmissionMixin):
    serializer_class = StaffSubmissionSerializer

    @extend_schema(responses=StaffSubmissionSerializer)
    def get(self, request: Request, submission_id: str) -> Response:
        """Read a submission with its outcome."""
        return Response(self.one(SUBMISSION_ROW, submission_id))


class GenerateOutcome(SubmissionMixin):
    @extend_schema(
        request=None,
        responses={200: StaffOutcomeSerializer, 202: ProgressSerializer},
        parameters=[
            FORCE,
            OpenApiParameter(
                "Location",
                location=OpenApiParameter.HEADER,
                description="The submission to read until it has its outcome.",
                response=[202],
            ),
        ],
    )
    def post(self, request: Request, submission_id: str) -> Response:
        """Grade a submission.

        Answers with the outcome where that is ready within the request, else with 202 and the
        address to look at again.
        """
        managed = Submission.objects.managed_by(self.user)
        related = managed.select_related("entry__rubric", "entry__component")
        submission = self.found(related, submission_id)
        run = self.run_of(submission)
        wait_for_end(run)
        row = self.one(SUBMISSION_ROW, submission.pk)
        if run.state == RunState.SUCCEEDED and row["outcome"]:
            return Response(row["outcome"])
        progress = {
            "submission_id": submission.pk,
            "status": row["status"],
            "detail": run.cause or _("It waits to be graded."),
        }
        location = reverse("api:configure:submission", args=[submission.pk])
        return Response(progress, status=202, headers={"Location": location})

    def is_forced(self) -> bool:
        value = self.request.query_params.get("force_regenerate", "").lower()
        if value not in TRUE | FALSE:
            raise ValidationError({"force_regenerate": [_("Must be true or false.")]})
        return value in TRUE

    def run_of(self, submission: Submission) -> GradingRun:
        """A new run, or the one that is under way."""
        try:
            return request_regrade(submission, despite_outcome=self.is_forced(), by=self.user)
        except ConflictError:
            run = submission.runs.order_by("-created_at").first()
            if run is None:
                raise
            return run


def wait_for_end(run: GradingRun) -> None:
    """Give the worker a moment to end a run, so that a quick one needs no second request.

    Few requests wait at a time; the threads of the web server are for all.
    """
    if not may_wait.acquire(blocking=False):
        return
    try:
        deadline = time.monotonic() + settings.GENERATE_WAIT_SECONDS
        while run.is_active and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
            run.refresh_from_db(fields=["state", "error_code"])
    except GradingRun.DoesNotExist:
        raise Http404 from None  # deleted meanwhile
    finally:
        may_wait.release()


class OutcomeMixin(ConfigureView):
    serializer_class = StaffOutcomeSerializer

    def locked_outcome(self, outcome_id: str) -> Outcome:
        """The outcome of this id, held until the transaction ends, and as `If-Match` knows it."""
        managed = Outcome.objects.managed_by(self.user)
        submission_id = self.found(managed, outcome_id).submission_id
        # As the services do: the submission is what is locked.
        Submission.objects.select_for_update(of=("self",)).filter(pk=submission_id).first()
        self.require_match(self.one(OUTCOME_ROW, outcome_id))
        related = managed.select_related("submission__entry__component", "current")
        return self.found(related, outcome_id)


class OutcomeView(OutcomeMixin):
    @extend_schema(responses=StaffOutcomeSerializer)
    def get(self, request: Request, outcome_id: str) -> Response:
        """Read an outcome."""
        return Response(self.one(OUTCOME_ROW, outcome_id))

    @extend_schema(
        request=OutcomeChangeSerializer,
        responses={200: StaffOutcomeSerializer},
        parameters=[IF_MATCH],
    )
    @transaction.atomic
    def put(self, request: Request, outcome_id: str) -> Response:
        """Decide otherwise, or approve.

        The decision is in force and the student's to read at once; whatever is graded later, it
        stays. Who changed what is in the outcome's history.
        """
        outcome = self.locked_outcome(outcome_id)
        serializer = OutcomeChangeSerializer(outcome, data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save(by=self.user)
        return Response(self.one(OUTCOME_ROW, outcome_id))


class ReleaseOutcome(OutcomeMixin):
    @extend_schema(request=None, responses={200: StaffOutcomeSerializer}, parameters=[IF_MATCH])
    @transaction.atomic
    def post(self, request: Request, outcome_id: str) -> Response:
        """Let the student see an outcome that waits for a person."""
        outcome = self.locked_outcome(outcome_id)
        revision = outcome.current.number
        release_outcome(outcome.submission, expected_revision=revision, by=self.user)
        return Response(self.one(OUTCOME_ROW, outcome_id))
