"""Enrollments as rows of a CSV file, for import and export in the admin."""

from typing import Any

from django.core.exceptions import ValidationError
from import_export import fields

from accounts.errors import DomainError
from accounts.models import User
from accounts.resources import SheetResource
from components.models import Component, Enrollment
from components.services import enroll_student


class EnrollmentResource(SheetResource):
    """A row per enrollment: student (username or e-mail) and component (name or id)."""

    required_column = "student"
    student = fields.Field(attribute="student__username", column_name="student")
    component = fields.Field(attribute="component__name", column_name="component")
    component_id = fields.Field(attribute="component_id", column_name="component_id")

    class Meta:
        model = Enrollment
        fields = ("student", "component", "component_id")
        import_id_fields = ()
        store_instance = True

    def import_instance(self, instance: Enrollment, row: dict[str, Any], **kwargs: Any) -> None:
        instance.student = _find_student(str(row.get("student") or "").strip())
        instance.component = _find_component(row)

    def do_instance_save(self, instance: Enrollment, is_create: bool) -> None:
        try:
            saved = enroll_student(instance.component, instance.student, by=None)
        except DomainError as error:
            raise ValidationError({"student": error.message}) from error
        instance.pk, instance._state.adding = saved.pk, False

    def validate_instance(
        self, instance: Enrollment, import_validation_errors: Any = None, **kwargs: Any
    ) -> None:
        """The service checks; a row enrolled already is an error of that row."""
        if import_validation_errors:
            raise ValidationError(import_validation_errors)


def _find_student(name: str) -> User:
    student = User.objects.by_name(name)
    if student is None:
        raise ValidationError({"student": f"There is no user “{name}”."})
    return student


def _find_component(row: dict[str, Any]) -> Component:
    key = str(row.get("component_id") or "").strip()
    name = str(row.get("component") or "").strip()
    try:
        found = Component.objects.filter(pk=key) if key else Component.objects.filter(name=name)
    except ValidationError:
        raise ValidationError({"component_id": f"“{key}” is no component's id."}) from None
    matches = list(found[:2])
    if not matches:
        raise ValidationError({"component": f"There is no component “{key or name}”."})
    if len(matches) > 1:
        text = f"Several components are named “{name}”; give component_id instead."
        raise ValidationError({"component": text})
    return matches[0]
