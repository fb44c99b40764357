"""The user."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.enums import Role
from accounts.text import UNSTORABLE, storable_text

NAMES_AT_ONCE = 1000
"""SQLite takes a limited number of values in one query."""


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: User | AnonymousUser) -> UserQuerySet:
        """The users that `user` may look up: staff see everybody, others see themselves."""
        if not user.is_active:
            return self.none()
        if user.role in {Role.ADMIN, Role.CONFIGURATOR}:
            return self.all()
        return self.filter(pk=user.pk)

    def students(self) -> UserQuerySet:
        return self.filter(role=Role.STUDENT)

    def active(self) -> UserQuerySet:
        return self.filter(is_active=True)

    def search(self, text: str) -> UserQuerySet:
        """Users whose username, name or e-mail contains `text`."""
        text = storable_text(text)
        return self.filter(
            models.Q(username__icontains=text)
            | models.Q(full_name__icontains=text)
            | models.Q(email__icontains=text)
        )

    def by_names(self, names: Sequence[str]) -> dict[str, User]:
        """People by their username or e-mail address, keyed by both in lower case.

        A username counts before somebody else's e-mail address.
        """
        known = [name for name in names if not UNSTORABLE.search(name)]
        users: list[User] = []
        for start in range(0, len(known), NAMES_AT_ONCE):
            users += self._named(known[start : start + NAMES_AT_ONCE])
        by_email = {user.email.lower(): user for user in users if user.email}
        return by_email | {user.username.lower(): user for user in users}

    def by_name(self, name: str) -> User | None:
        """The person with this username or e-mail address, or None."""
        return self.by_names([name]).get(name.lower())

    def _named(self, names: list[str]) -> UserQuerySet:
        lowered = [name.lower() for name in names]
        # As typed as well: databases do not agree on what the lower case of other alphabets is.
        return self.annotate(lower_name=Lower("username"), lower_email=Lower("email")).filter(
            models.Q(username__in=names)
            | models.Q(email__in=names)
            | models.Q(lower_name__in=lowered)
            | models.Q(lower_email__in=lowered)
        )


class PersonManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        """The user with this name; upper and lower case are the same person.

        Compared as the constraint on usernames compares, so that there is never more than one.
        """
        lowered = Lower(models.Value(username or "", output_field=models.CharField()))
        return self.annotate(lower_name=Lower("username")).get(lower_name=lowered)

    def create_superuser(self, username: str, password: str, **fields: Any) -> User:
        """An admin, for `manage.py createsuperuser`."""
        from accounts.services import create_user

        return create_user(username=username, password=password, role=Role.ADMIN, by=None, **fields)


UserManager = PersonManager.from_queryset(UserQuerySet)


class User(AbstractBaseUser):
    """A person with one role. Only the role admin enters the Django admin, and there may do all."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(
        _("username"),
        max_length=100,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        help_text=_("At most 100 characters: letters, digits and @ . + - _ only."),
        error_messages={"unique": _("A user with this username exists already.")},
    )
    email = models.EmailField(_("e-mail"), max_length=255, null=True, blank=True)
    full_name = models.CharField(_("full name"), max_length=255, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.STUDENT)
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Untick to lock this person out; nothing of theirs is deleted."),
    )
    is_demo = models.BooleanField(
        _("demo account"),
        default=False,
        editable=False,
        help_text=_("Made with the demo data; cannot sign in to a production server."),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["username"]
        verbose_name = _("user")
        verbose_name_plural = _("users")
        indexes = [models.Index(fields=["role", "username"])]
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_username_unique",
                violation_error_message=_("A user with this username exists already."),
            ),
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique",
                violation_error_message=_("A user with this e-mail address exists already."),
            ),
            models.CheckConstraint(condition=~models.Q(email=""), name="user_email_given_or_null"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="user_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    def clean(self) -> None:
        super().clean()
        self.email = PersonManager.normalize_email(self.email) or None

    @property
    def display_name(self) -> str:
        """What pages call this person."""
        return self.full_name or self.username

    @property
    def is_student(self) -> bool:
        return self.role == Role.STUDENT

    @property
    def is_configurator(self) -> bool:
        return self.role == Role.CONFIGURATOR

    @property
    def is_admin(self) -> bool:
        return self.role == Role.ADMIN

    @property
    def is_staff(self) -> bool:
        """Whether the Django admin lets this person in."""
        return self.is_admin and self.is_active

    @property
    def is_superuser(self) -> bool:
        return self.is_staff

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_staff

    def has_perms(self, perms: list[str], obj: object = None) -> bool:
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff
