"""Components, their entries and rubrics, and who belongs to them."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.text import storable_text
from components.rubrics import RubricSpec, parse_rubric


class ComponentQuerySet(models.QuerySet["Component"]):
    def visible_to(self, user: User | AnonymousUser) -> ComponentQuerySet:
        """What `user` may read: admins all, others what they manage or are enrolled in."""
        if not user.is_active:
            return self.none()
        if user.is_student:
            enrolled = Enrollment.objects.filter(student=user).values("component")
            return self.filter(pk__in=enrolled)
        return self.managed_by(user)

    def managed_by(self, user: User | AnonymousUser) -> ComponentQuerySet:
        """What `user` may change: admins all, configurators where they were put in charge."""
        if not user.is_active:
            return self.none()
        if user.is_admin:
            return self.all()
        if not user.is_configurator:
            return self.none()
        managed = Component.configurators.through.objects.filter(user=user).values("component")
        return self.filter(pk__in=managed)

    def search(self, text: str) -> ComponentQuerySet:
        """Components whose name contains `text`."""
        return self.filter(name__icontains=storable_text(text))

    def with_counts(self) -> ComponentQuerySet:
        """Adds `entry_count` and `student_count`."""
        entries = Entry.objects.filter(component=models.OuterRef("pk"))
        students = Enrollment.objects.filter(component=models.OuterRef("pk"))
        return self.annotate(entry_count=_count(entries), student_count=_count(students))


class Component(models.Model):
    """A course unit: entries, the students enrolled, and the configurators in charge."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=255)
    general_instructions = models.TextField(_("general instructions"), blank=True)
    configurators = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="managed_components", verbose_name=_("configurators")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="created_components"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = ComponentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "created_at"]
        verbose_name = _("component")
        verbose_name_plural = _("components")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="component_has_name",
                violation_error_message=_("A component needs a name."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Enrollment(models.Model):
    """A student's place in a component."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    component = models.ForeignKey(Component, models.CASCADE, related_name="enrollments")
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="enrollments"
    )
    enrolled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("enrolled"), auto_now_add=True)

    class Meta:
        ordering = ["component__name", "student__username"]
        verbose_name = _("enrollment")
        verbose_name_plural = _("enrollments")
        constraints = [
            models.UniqueConstraint(
                fields=["component", "student"],
                name="enrollment_once_per_component",
                violation_error_message=_("This student is enrolled already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.student} - {self.component}"


class Rubric(models.Model):
    """An immutable rubric, found by its content: the same definition is the same row.

    What was graded with a rubric keeps pointing to it; editing an entry's rubric makes a new row.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    content_hash = models.CharField(max_length=64, unique=True, editable=False)
    definition = models.JSONField(editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("rubric")
        verbose_name_plural = _("rubrics")

    def __str__(self) -> str:
        return self.content_hash[:12]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A rubric never changes; find_rubric() makes a new one.")
        super().save(*args, **kwargs)

    @cached_property
    def spec(self) -> RubricSpec:
        """The rubric with its points worked out."""
        spec = parse_rubric(self.definition)
        if spec is None:
            raise ValueError("The empty rubric is never stored.")
        return spec


class EntryQuerySet(models.QuerySet["Entry"]):
    def visible_to(self, user: User | AnonymousUser) -> EntryQuerySet:
        """The entries of the components that `user` may read."""
        return self.filter(component__in=Component.objects.visible_to(user))

    def managed_by(self, user: User | AnonymousUser) -> EntryQuerySet:
        """The entries of the components that `user` may change."""
        return self.filter(component__in=Component.objects.managed_by(user))

    def search(self, text: str) -> EntryQuerySet:
        """Entries whose title contains `text`."""
        return self.filter(title__icontains=storable_text(text))


class Entry(models.Model):
    """A task of a component. Students answer its instructions; its rubric says how well."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    component = models.ForeignKey(Component, models.CASCADE, related_name="entries")
    title = models.CharField(_("title"), max_length=255)
    instructions = models.TextField(_("instructions"), blank=True)
    rubric = models.ForeignKey(
        Rubric, models.PROTECT, null=True, blank=True, related_name="entries"
    )
    rubric_revision = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text=_("Counts the changes of the rubric; a stale editor is told by it."),
    )
    is_rubric_hidden = models.BooleanField(
        _("keep the rubric's descriptions from students"),
        default=False,
        help_text=_("Students see the criteria and the levels they reached, nothing more."),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="created_entries"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["created_at"]
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        indexes = [models.Index(fields=["component", "created_at"])]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(title=""),
                name="entry_has_title",
                violation_error_message=_("An entry needs a title."),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def rubric_definition(self) -> dict[str, Any]:
        """The rubric in the shape of the API contract; `{}` for none."""
        return self.rubric.definition if self.rubric else {}


def _count(queryset: models.QuerySet[Any]) -> models.Func:
    """A correlated COUNT(*) that does not multiply with other joins."""
    counted = queryset.order_by().values(_=models.Value(1)).annotate(n=models.Count("pk"))
    return models.functions.Coalesce(models.Subquery(counted.values("n")), 0)
