"""Users as rows of a CSV file, for import and export in the admin."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from import_export import fields, resources
from import_export.instance_loaders import ModelInstanceLoader

from accounts.enums import Role
from accounts.errors import DomainError
from accounts.models import User
from accounts.services import save_user


class UsernameLoader(ModelInstanceLoader):
    """Finds the user of a row by username, whatever its case."""

    def get_instance(self, row: dict[str, Any]) -> User | None:
        username = str(row.get("username") or "").strip()
        return User.objects.filter(username__iexact=username).first()


class UserResource(resources.ModelResource):
    """A row per user: username, full_name, email, role, is_active; password when importing.

    A username that exists is updated, another is made. An empty or missing cell leaves what is
    there; a new user without a password cannot sign in until an admin sets one. Passwords are
    never exported.
    """

    password = fields.Field(column_name="password")

    class Meta:
        model = User
        fields = ("username", "full_name", "email", "role", "is_active", "password")
        import_id_fields = ("username",)
        instance_loader_class = UsernameLoader
        skip_unchanged = False
        report_skipped = True
        store_instance = True

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        for key, value in row.items():
            row[key] = value.strip() if isinstance(value, str) else value
        if not row.get("username"):
            raise ValidationError({"username": "A row needs a username."})
        role = str(row.get("role") or "").lower()
        if role and role not in Role.values:
            allowed = ", ".join(Role.values)
            raise ValidationError({"role": f"“{role}” is no role; allowed: {allowed}."})
        if role:
            row["role"] = role

    def import_field(
        self, field: fields.Field, instance: User, row: dict[str, Any], **kwargs: Any
    ) -> None:
        value = row.get(field.column_name)
        if value in {None, ""}:
            return
        if field.column_name == "password":
            instance.set_password(str(value))
        elif field.column_name == "username" and instance.username:
            return  # found by it, in whatever case
        else:
            super().import_field(field, instance, row, **kwargs)

    def before_save_instance(self, instance: User, row: dict[str, Any], **kwargs: Any) -> None:
        if not instance.password:
            instance.set_unusable_password()

    def do_instance_save(self, instance: User, is_create: bool) -> None:
        try:
            save_user(instance)
        except DomainError as error:
            raise ValidationError({error.field or "username": error.message}) from error

    def dehydrate_password(self, user: User) -> str:
        return ""

    def get_export_queryset(self, *args: Any) -> QuerySet[User]:
        return User.objects.order_by("username")
