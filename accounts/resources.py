"""Users as rows of a CSV file, for import and export in the admin."""

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from import_export import fields, resources
from import_export.instance_loaders import ModelInstanceLoader

from accounts.enums import Role
from accounts.errors import DomainError
from accounts.models import User
from accounts.services import save_user
from accounts.sheets import FORMULA_STARTS, safe_cell

YES = {"1", "true", "yes", "on"}
NO = {"0", "false", "no", "off"}


class SheetResource(resources.ModelResource):
    """Rows that a spreadsheet can hold: trimmed texts, and none that it takes for a formula.

    A text that looks like a formula is exported with an apostrophe before it, which an import
    takes away again.
    """

    required_column = ""

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        if self.required_column not in (dataset.headers or []):
            raise ValueError(
                f"The file has no column “{self.required_column}”. Its first line names the "
                "columns, separated by commas."
            )

    def before_import_row(self, row: dict[str, Any], **kwargs: Any) -> None:
        for key, value in row.items():
            if isinstance(value, str):
                row[key] = _read_cell(key, value)

    def export_resource(self, *args: Any, **kwargs: Any) -> list[Any]:
        return [safe_cell(value) for value in super().export_resource(*args, **kwargs)]


class UsernameLoader(ModelInstanceLoader):
    """Finds the user of a row by username, whatever its case."""

    def get_instance(self, row: dict[str, Any]) -> User | None:
        try:
            return User.objects.get_by_natural_key(str(row.get("username") or ""))
        except User.DoesNotExist:
            return None


class UserResource(SheetResource):
    """A row per user: username, full_name, email, role, is_active; password when importing.

    A username that exists is updated, another is made. An empty or missing cell leaves what is
    there; a new user without a password cannot sign in until an admin sets one. Passwords are
    never exported.
    """

    required_column = "username"
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
        super().before_import_row(row, **kwargs)
        if not row.get("username"):
            raise ValidationError({"username": "A row needs a username."})
        role = str(row.get("role") or "").lower()
        if role and role not in Role.values:
            allowed = ", ".join(Role.values)
            raise ValidationError({"role": f"“{role}” is no role; allowed: {allowed}."})
        if role:
            row["role"] = role
        if str(row.get("is_active") or "").strip():
            row["is_active"] = _read_flag("is_active", row["is_active"])

    def import_field(
        self, field: fields.Field, instance: User, row: dict[str, Any], **kwargs: Any
    ) -> None:
        value = row.get(field.column_name)
        if value in {None, ""}:
            return
        if field.column_name == "password":
            validate_password(str(value), user=instance)
            if not kwargs.get("dry_run"):  # a preview of many rows would spend minutes hashing
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


def _read_cell(column: str, text: str) -> str:
    text = text.strip()
    if "\x00" in text:
        raise ValidationError({column: "The cell contains a NUL character."})
    is_marked = text.startswith("'") and text[1:].startswith(FORMULA_STARTS)
    return text[1:] if is_marked and column != "password" else text


def _read_flag(column: str, value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in YES | NO:
        raise ValidationError({column: f"“{value}” is neither yes nor no; allowed: 1, 0."})
    return text in YES
