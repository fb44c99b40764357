"""Accounts in the Django admin."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from import_export.admin import ImportExportMixin

from accounts.errors import DomainError
from accounts.forms import AdminSignInForm
from accounts.lockout import lift_lockout, locked_out_usernames
from accounts.models import User
from accounts.resources import UserResource
from accounts.services import check_admin_remains, set_active

admin.site.unregister(Group)  # a role is all that says what somebody may do
admin.site.site_header = admin.site.site_title = _("FlexAGE administration")
admin.site.login_form = AdminSignInForm
admin.site.index_title = _("People and places")


class CreateUserForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("username", "full_name", "email", "role")


class ChangeUserForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if cleaned:
            role = cleaned.get("role") or self.instance.role
            user = User(pk=self.instance.pk, role=role, is_active=cleaned["is_active"])
            try:
                check_admin_remains(user)
            except DomainError as error:
                self.add_error(None, error.message)
        return cleaned


class SheetAdminMixin(ImportExportMixin):
    """Import and export of files where all rows are imported, or none."""

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        response = super().import_action(request, **kwargs)
        result = response.context_data.get("result")
        for error in result.base_errors if result else ():
            error.traceback = ""
        stored = getattr(request.FILES.get("import_file"), "tmp_storage_name", "")
        if stored and "confirm_form" not in response.context_data:
            self.get_tmp_storage_class()(name=stored).remove()  # it may hold passwords
        return response

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            return super().process_import(request, **kwargs)
        except FileNotFoundError:
            text = _("This file was imported already; upload it again to import it once more.")
            self.message_user(request, text, messages.WARNING)
            return redirect(self._address_of("changelist"))

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_import_data_kwargs(**kwargs), "rollback_on_validation_errors": True}

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        if not result.has_errors() and not result.has_validation_errors():
            return super().process_result(result, request)
        text = _(
            "Nothing was imported: something changed after the preview. Upload the file again "
            "to see which rows no longer fit."
        )
        self.message_user(request, text, messages.ERROR)
        return redirect(self._address_of("import"))

    def _address_of(self, page: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}")


@admin.register(User)
class UserAdmin(SheetAdminMixin, DjangoUserAdmin):
    """Search, filter, import and export; (de)activate many; reset a password; lift a lockout."""

    resource_classes = [UserResource]
    form = ChangeUserForm
    add_form = CreateUserForm
    list_display = (
        *("username", "full_name", "email", "role"),
        *("is_active", "is_locked_out", "last_login"),
    )
    list_filter = ("role", "is_active", "created_at")
    list_per_page = 50
    search_fields = ("username", "full_name", "email")
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "created_at", "updated_at")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("full_name", "email", "role", "is_active")}),
        (_("Times"), {"fields": ("last_login", "created_at", "updated_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": (
                    "username",
                    "full_name",
                    "email",
                    "role",
                    "usable_password",
                    "password1",
                    "password2",
                ),
            },
        ),
    )
    actions = ["activate", "deactivate", "lift_lockout"]

    @admin.action(description=_("Activate the selected users"))
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, is_active=True)

    @admin.action(description=_("Deactivate the selected users"))
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._set_active(request, queryset, is_active=False)

    @admin.action(description=_("Lift the lockout of the selected users"))
    def lift_lockout(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        names = locked_out_usernames()
        lifted = sum(lift_lockout(user) for user in queryset if user.username.lower() in names)
        text = ngettext("%d lockout lifted.", "%d lockouts lifted.", lifted) % lifted
        self.message_user(request, text, messages.SUCCESS)

    @admin.display(boolean=True, description=_("locked out"))
    def is_locked_out(self, user: User) -> bool:
        """Whether too many wrong passwords keep this person from signing in now."""
        return getattr(user, "is_locked_out", False)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        page = super().get_changelist_instance(request)
        names = locked_out_usernames()
        for user in page.result_list:
            user.is_locked_out = user.username.lower() in names
        return page

    def _set_active(
        self, request: HttpRequest, queryset: QuerySet[User], *, is_active: bool
    ) -> None:
        try:
            changed = set_active(list(queryset), is_active=is_active)
        except DomainError as error:
            self.message_user(request, error.message, messages.ERROR)
            return
        text = ngettext("%d account changed.", "%d accounts changed.", changed) % changed
        self.message_user(request, text, messages.SUCCESS)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody deletes themselves; the delete page lists everything that would go with a user."""
        return super().has_delete_permission(request, obj) and obj != request.user
