"""Every write to accounts."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.enums import Role
from accounts.errors import DomainError, ForbiddenError
from accounts.models import User
from accounts.rules import can_give_role


def create_user(
    *,
    username: str,
    password: str | None,
    by: User | None,
    role: str = Role.STUDENT,
    **fields: Any,
) -> User:
    """Make an account. Without a password nobody can sign in to it until an admin sets one.

    `by` is None for the command line.

    Raises:
        DomainError: `forbidden_role`, or `invalid` with the field's message.
    """
    if not can_give_role(by, role):
        raise ForbiddenError("forbidden_role", _("Only an admin can make an admin."), field="role")
    user = User(username=username, role=role, **fields)
    user.set_password(password)
    return save_user(user)


@transaction.atomic
def save_user(user: User) -> User:
    """Validate and store a new or changed account, keeping at least one active admin.

    Raises:
        DomainError: `invalid` with the field's message, or `last_admin`.
    """
    _check_valid(user)
    check_admin_remains(user)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        _check_valid(user)  # somebody else took the name meanwhile
        raise
    return user


def _check_valid(user: User) -> None:
    try:
        user.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise DomainError("invalid", messages[0], field=field) from error


def check_admin_remains(user: User) -> None:
    """Refuse a change after which nobody could administer the site.

    Raises:
        DomainError: `last_admin`.
    """
    if user.is_staff or not User.objects.filter(pk=user.pk, role=Role.ADMIN, is_active=True):
        return
    others = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)
    if not others.exclude(pk=user.pk).exists():
        raise DomainError("last_admin", _("This is the last active admin; make another one first."))


@transaction.atomic
def set_active(users: list[User], *, is_active: bool) -> int:
    """Let people in, or lock them out; nothing of theirs is deleted.

    Returns:
        How many accounts changed.

    Raises:
        DomainError: `last_admin`; then none of the accounts changes.
    """
    changed = [user for user in users if user.is_active != is_active]
    for user in changed:
        user.is_active = is_active
        check_admin_remains(user)
        user.save(update_fields=["is_active", "updated_at"])
    return len(changed)
