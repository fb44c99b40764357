"""What configurators do with components, entries and enrollments."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import django_filters
from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ApiView, ListView, MayConfigure
from accounts.api.bulk import ResultsSerializer, RowsSerializer, answer_rows
from accounts.api.filters import ListFilters, Ordering
from accounts.api.schema import IF_MATCH, NAMED_IS_MISSING
from accounts.api.serializers import MessageSerializer, UserSerializer
from accounts.api.views import UserFilters
from accounts.models import User
from components.api.serializers import (
    COMPONENT_ROW,
    ENTRY_ROW,
    ComponentSerializer,
    EnrollSerializer,
    EntrySerializer,
)
from components.models import Component, Entry
from components.services import (
    delete_component,
    delete_entry,
    enroll_student,
    unenroll_student,
)

MESSAGE_OR_MISSING = {200: MessageSerializer, 404: NAMED_IS_MISSING}
TIMES = ["created_at", "updated_at"]


class ComponentFilters(ListFilters):
    ordering = Ordering(fields={"name": "comp_name"} | {time: time for time in TIMES})


class EntryFilters(ListFilters):
    flex_age_comp_id = django_filters.UUIDFilter(field_name="component_id")
    ordering = Ordering(fields={"title": "entry_title"} | {time: time for time in TIMES})


class ConfigureView(ApiView):
    permission_classes = [MayConfigure]

    def component(self, comp_id: str) -> Component:
        """The component of this id that the user is in charge of, or a 404."""
        return self.found(Component.objects.managed_by(self.user), comp_id)


class ConfigureList(ListView, ConfigureView):
    pass


class Components(ConfigureList):
    serializer_class = ComponentSerializer
    filterset_class = ComponentFilters
    queryset = Component.objects.none()

    @extend_schema(responses=ComponentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the components that you are in charge of."""
        return self.listed(Component.objects.managed_by(self.user))

    @extend_schema(request=ComponentSerializer, responses={201: ComponentSerializer})
    def post(self, request: Request) -> Response:
        """Make a component."""
        component = self.bound().save(by=self.user)
        return Response(self.one(COMPONENT_ROW, component.pk), status=201)


class ComponentView(ConfigureView):
    serializer_class = ComponentSerializer

    @extend_schema(responses=ComponentSerializer)
    def get(self, request: Request, comp_id: str) -> Response:
        """Read a component."""
        return Response(self.one(COMPONENT_ROW, comp_id))

    @extend_schema(
        request=ComponentSerializer(partial=True),
        responses={200: ComponentSerializer},
        parameters=[IF_MATCH],
    )
    @transaction.atomic
    def put(self, request: Request, comp_id: str) -> Response:
        """Change a component: all of its fields, or some."""
        locked = Component.objects.managed_by(self.user).select_for_update()
        component = self.found(locked, comp_id)
        self.require_match(self.one(COMPONENT_ROW, comp_id))
        self.bound(component, partial=True).save(by=self.user)
        return Response(self.one(COMPONENT_ROW, comp_id))

    @extend_schema(responses={200: ComponentSerializer}, parameters=[IF_MATCH])
    def delete(self, request: Request, comp_id: str) -> Response:
        """Delete a component with its entries and everything submitted to them.

        The answer is what was deleted.
        """
        deleted = self.one(COMPONENT_ROW, comp_id)
        self.require_match(deleted)
        delete_component(self.component(comp_id), by=self.user)
        return Response(deleted)


class ComponentEntries(ConfigureList):
    serializer_class = EntrySerializer
    filterset_class = EntryFilters
    queryset = Entry.objects.none()

    @extend_schema(responses=EntrySerializer(many=True))
    def get(self, request: Request, comp_id: str) -> Response:
        """List a component's entries."""
        return self.listed(self.component(comp_id).entries.all())


class ComponentStudents(ConfigureList):
    serializer_class = UserSerializer
    filterset_class = UserFilters
    queryset = User.objects.none()

    @extend_schema(responses=UserSerializer(many=True))
    def get(self, request: Request, comp_id: str) -> Response:
        """List the students enrolled in a component."""
        enrolled = self.component(comp_id).enrollments.values("student")
        return self.listed(User.objects.filter(pk__in=enrolled))


class EntryAdding(ConfigureView):
    def add(self, row: Any) -> Any:
        serializer = EntrySerializer(data=row, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        component = self.component(str(serializer.validated_data["component_id"]))
        entry = serializer.save(component=component, by=self.user)
        return self.one(ENTRY_ROW, entry.pk)


class Entries(EntryAdding, ConfigureList):
    serializer_class = EntrySerializer
    filterset_class = EntryFilters
    queryset = Entry.objects.none()

    @extend_schema(responses=EntrySerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the entries of the components that you are in charge of."""
        return self.listed(Entry.objects.managed_by(self.user))

    @extend_schema(request=EntrySerializer, responses={201: EntrySerializer, 404: NAMED_IS_MISSING})
    def post(self, request: Request) -> Response:
        """Add an entry to a component."""
        return Response(self.add(request.data), status=201)


class EntriesBulk(EntryAdding):
    serializer_class = RowsSerializer

    @extend_schema(request=RowsSerializer, responses={200: ResultsSerializer})
    def post(self, request: Request) -> Response:
        """Add many entries; each row is what a single request takes."""
        return answer_rows(request.data, self.add)


class EntryView(ConfigureView):
    serializer_class = EntrySerializer

    @extend_schema(responses=EntrySerializer)
    def get(self, request: Request, entry_id: str) -> Response:
        """Read an entry with its rubric."""
        return Response(self.one(ENTRY_ROW, entry_id))

    @extend_schema(
        request=EntrySerializer(partial=True),
        responses={200: EntrySerializer},
        parameters=[IF_MATCH],
    )
    @transaction.atomic
    def put(self, request: Request, entry_id: str) -> Response:
        """Change an entry or its rubric: all of its fields, or some.

        What was graded with the old rubric keeps it.
        """
        locked = Entry.objects.managed_by(self.user).select_for_update(of=("self",))
        entry = self.found(locked.select_related("component", "rubric"), entry_id)
        self.require_match(self.one(ENTRY_ROW, entry_id))
        self.bound(entry, partial=True).save(by=self.user)
        return Response(self.one(ENTRY_ROW, entry_id))

    @extend_schema(responses={200: EntrySerializer}, parameters=[IF_MATCH])
    def delete(self, request: Request, entry_id: str) -> Response:
        """Delete an entry with everything submitted to it.

        The answer is what was deleted.
        """
        deleted = self.one(ENTRY_ROW, entry_id)
        self.require_match(deleted)
        entries = Entry.objects.managed_by(self.user).select_related("component")
        delete_entry(self.found(entries, entry_id), by=self.user)
        return Response(deleted)


class Enrolling(ConfigureView):
    def enroll(self, row: Any) -> dict[str, str]:
        component, student = self.named(row)
        enroll_student(component, student, by=self.user)
        return {"message": _("%s is enrolled.") % student.username}

    def named(self, row: Any) -> tuple[Component, User]:
        """The component and the student that a request speaks of."""
        serializer = EnrollSerializer(data=row)
        serializer.is_valid(raise_exception=True)
        ids = serializer.validated_data
        component = self.component(str(ids["flex_age_comp_id"]))
        people = User.objects.visible_to(self.user)
        return component, self.found(people, str(ids["student_user_id"]))


class Enroll(Enrolling):
    serializer_class = EnrollSerializer

    @extend_schema(request=EnrollSerializer, responses=MESSAGE_OR_MISSING)
    def post(self, request: Request) -> Response:
        """Enroll a student in a component."""
        return Response(self.enroll(request.data))

    @extend_schema(request=EnrollSerializer, responses=MESSAGE_OR_MISSING)
    def delete(self, request: Request) -> Response:
        """Take a student's place in a component away. What they submitted stays."""
        component, student = self.named(request.data)
        unenroll_student(component, student, by=self.user)
        return Response({"message": _("%s is not enrolled any more.") % student.username})


class EnrollBulk(Enrolling):
    serializer_class = RowsSerializer

    @extend_schema(request=RowsSerializer, responses={200: ResultsSerializer})
    def post(self, request: Request) -> Response:
        """Enroll many students; each row is what a single request takes."""
        return answer_rows(request.data, self.enroll, HTTPStatus.OK)
