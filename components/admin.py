"""Enrollments in the Django admin; components only as far as enrollments need them."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin import SheetAdminMixin, UserAdmin
from accounts.errors import DomainError
from accounts.http import signed_in
from accounts.models import User
from components.models import Component, Enrollment
from components.resources import EnrollmentResource
from components.services import enroll_student, unenroll_student


@admin.register(Enrollment)
class EnrollmentAdmin(SheetAdminMixin, admin.ModelAdmin):
    """Who is enrolled where. Changing one means to unenroll and enroll."""

    resource_classes = [EnrollmentResource]
    list_display = ("student", "username", "component", "created_at", "enrolled_by")
    list_filter = ("component", "created_at")
    list_per_page = 50
    list_select_related = ("student", "component", "enrolled_by")
    search_fields = (
        "student__username",
        "student__full_name",
        "student__email",
        "component__name",
    )
    autocomplete_fields = ("student", "component")
    fields = ("component", "student")

    @admin.display(description=_("username"), ordering="student__username")
    def username(self, enrollment: Enrollment) -> str:
        return enrollment.student.username

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "student":
            kwargs["queryset"] = User.objects.students()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Enrollment, form: Any, change: bool) -> None:
        saved = enroll_student(obj.component, obj.student, by=signed_in(request))
        obj.pk, obj._state.adding = saved.pk, False

    def delete_model(self, request: HttpRequest, obj: Enrollment) -> None:
        unenroll_student(obj.component, obj.student, by=signed_in(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Enrollment]) -> None:
        for enrollment in queryset.select_related("component", "student"):
            self.delete_model(request, enrollment)

    def has_change_permission(self, request: HttpRequest, obj: Enrollment | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)


class PickComponentForm(forms.Form):
    """Where the users selected in the list go, or leave."""

    component = forms.ModelChoiceField(Component.objects.all(), label=_("Component"))


class EnrollmentInline(admin.TabularInline):
    """A user's enrollments, to look at; the list of users enrolls and unenrolls."""

    model = Enrollment
    fk_name = "student"
    fields = readonly_fields = ("component", "created_at", "enrolled_by")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


admin.site.unregister(User)


@admin.register(User)
class EnrollingUserAdmin(UserAdmin):
    """The users of :mod:`accounts.admin`, and where they are enrolled."""

    actions = [*UserAdmin.actions, "enroll", "unenroll"]
    inlines = [EnrollmentInline]

    @admin.action(description=_("Enroll the selected students in a component ..."))
    def enroll(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._for_each(request, queryset, "enroll", enroll_student)

    @admin.action(description=_("Unenroll the selected students from a component ..."))
    def unenroll(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._for_each(request, queryset, "unenroll", unenroll_student)

    def _for_each(
        self, request: HttpRequest, users: QuerySet[User], action: str, change: Callable[..., Any]
    ) -> HttpResponse | None:
        """Ask for the component, then change each user and report row by row."""
        form = PickComponentForm(request.POST if "component" in request.POST else None)
        if not form.is_valid():
            context = {
                **self.admin_site.each_context(request),
                "form": form,
                "users": users,
                "action": action,
                "title": self.get_action(action)[2],  # type: ignore[index]
            }
            return render(request, "admin/pick_component.html", context)
        done = 0
        for user in users:
            try:
                change(form.cleaned_data["component"], user, by=signed_in(request))
                done += 1
            except DomainError as error:
                self.message_user(request, error.message, messages.WARNING)
        text = ngettext("%d student changed.", "%d students changed.", done) % done
        self.message_user(request, text, messages.SUCCESS if done else messages.INFO)
        return None


@admin.register(Component)
class ComponentAdmin(admin.ModelAdmin):
    """For finding a component; its own pages are where it is edited."""

    list_display = ("name", "created_by", "created_at")
    search_fields = ("name",)
    fields = ("name", "configurators")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Component | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Component | None = None) -> bool:
        return False
