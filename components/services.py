"""Every write to components, entries, rubrics and enrollments."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from accounts.enums import Role
from accounts.errors import ConflictError, DomainError, ForbiddenError, MissingError
from accounts.models import User
from accounts.retry import through_deadlocks
from components.html import clean_rich_html
from components.models import Component, Enrollment, Entry, Rubric
from components.rubrics import RubricError, normalise_rubric, rubric_hash
from components.rules import can_configure, can_manage


@transaction.atomic
def create_component(*, name: str, general_instructions: str = "", by: User) -> Component:
    """Make a component; whoever makes it is in charge of it.

    Raises:
        DomainError: `forbidden` or `invalid`.
    """
    if not can_configure(by):
        raise ForbiddenError("forbidden", _("Only configurators and admins make components."))
    component = Component(
        name=name.strip(),
        general_instructions=clean_rich_html(general_instructions),
        created_by=by,
    )
    _save(component)
    component.configurators.add(by)
    return component


@transaction.atomic
def update_component(component: Component, *, by: User, **changes: Any) -> Component:
    """Change `name` or `general_instructions`.

    Raises:
        DomainError: `forbidden` or `invalid`.
    """
    require_manager(by, component)
    if "general_instructions" in changes:
        changes["general_instructions"] = clean_rich_html(changes["general_instructions"])
    return _change(component, changes)


@through_deadlocks  # with what a worker does to the same rows at this moment
@transaction.atomic
def delete_component(component: Component, *, by: User) -> None:
    """Delete a component with its entries and everything submitted to them.

    Raises:
        DomainError: `forbidden`.
    """
    require_manager(by, component)
    component.delete()


@transaction.atomic
def create_entry(
    component: Component,
    *,
    title: str,
    instructions: str = "",
    rubric_definition: object = None,
    is_rubric_hidden: bool = False,
    by: User,
) -> Entry:
    """Add an entry, with its rubric where one is given.

    Raises:
        DomainError: `forbidden`, `invalid` or `invalid_rubric`.
    """
    require_manager(by, component)
    entry = Entry(
        component=component,
        title=title.strip(),
        instructions=clean_rich_html(instructions),
        rubric=find_rubric(rubric_definition or {}),
        is_rubric_hidden=is_rubric_hidden,
        created_by=by,
    )
    _save(entry)
    return entry


@transaction.atomic
def update_entry(entry: Entry, *, by: User, **changes: Any) -> Entry:
    """Change `title`, `instructions` or `is_rubric_hidden`.

    The rubric has its own door, :func:`set_rubric`.

    Raises:
        DomainError: `forbidden` or `invalid`.
    """
    require_manager(by, entry.component)
    if "instructions" in changes:
        changes["instructions"] = clean_rich_html(changes["instructions"])
    return _change(entry, changes)


@through_deadlocks  # with what a worker does to the same rows at this moment
@transaction.atomic
def delete_entry(entry: Entry, *, by: User) -> None:
    """Delete an entry with everything submitted to it.

    Raises:
        DomainError: `forbidden`.
    """
    require_manager(by, entry.component)
    entry.delete()


@transaction.atomic
def set_rubric(
    entry: Entry, definition: object, *, expected_revision: int | None, by: User
) -> Entry:
    """Give an entry another rubric. What was graded with the old one keeps pointing to it.

    Args:
        definition: the rubric in the shape of the API contract; `{}` takes the rubric away.
        expected_revision: the entry's `rubric_revision` that the author started from; None
            means that whatever is there may be replaced.

    Raises:
        DomainError: `forbidden`, `invalid_rubric`, or `stale_rubric` where somebody else changed
            the rubric meanwhile.
    """
    require_manager(by, entry.component)
    locked = Entry.objects.select_for_update().get(pk=entry.pk)
    if expected_revision is not None and locked.rubric_revision != expected_revision:
        raise ConflictError(
            "stale_rubric",
            _(
                "Somebody else saved this rubric while you were editing. Your version is still "
                "below; compare it with the saved one, then save again to replace it."
            ),
        )
    rubric = find_rubric(definition)
    if rubric != locked.rubric:
        locked.rubric = rubric
        locked.rubric_revision += 1
        locked.save(update_fields=["rubric", "rubric_revision", "updated_at"])
    return locked


def find_rubric(definition: object) -> Rubric | None:
    """The rubric row of this content, made where there is none; None for the empty rubric.

    Raises:
        DomainError: `invalid_rubric`, naming row and cell.
    """
    try:
        canonical = normalise_rubric(definition)
    except RubricError as error:
        raise DomainError("invalid_rubric", str(error), field="rubric_definition") from error
    if not canonical:
        return None
    rubric, _created = Rubric.objects.get_or_create(
        content_hash=rubric_hash(canonical), defaults={"definition": canonical}
    )
    return rubric


@dataclass
class EnrollResult:
    """What became of a list of people to enroll."""

    enrolled: list[User] = field(default_factory=list)
    already: list[User] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    not_students: list[User] = field(default_factory=list)


@transaction.atomic
def enroll_student(component: Component, student: User, *, by: User | None) -> Enrollment:
    """Enroll one student. `by` is None for the command line.

    Raises:
        DomainError: `forbidden`, `not_a_student` or `already_enrolled`.
    """
    if by is not None:
        require_manager(by, component)
    if not student.is_student:
        raise DomainError("not_a_student", _("%s is not a student.") % student.username)
    enrollment, created = Enrollment.objects.get_or_create(
        component=component, student=student, defaults={"enrolled_by": by}
    )
    if not created:
        raise DomainError("already_enrolled", _("%s is enrolled already.") % student.username)
    return enrollment


@transaction.atomic
def enroll_many(component: Component, names: Iterable[str], *, by: User) -> EnrollResult:
    """Enroll everybody on a list of usernames or e-mail addresses, and say what became of each.

    Raises:
        DomainError: `forbidden`.
    """
    require_manager(by, component)
    result = EnrollResult()
    wanted = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    people = User.objects.by_names(wanted)
    enrolled = set(component.enrollments.values_list("student_id", flat=True))
    for name in wanted:
        user = people.get(name.lower())
        if user is None:
            result.unknown.append(name)
        elif not user.is_student:
            result.not_students.append(user)
        elif user.pk in enrolled:
            result.already.append(user)
        else:
            enrolled.add(user.pk)
            result.enrolled.append(user)
    Enrollment.objects.bulk_create(
        (Enrollment(component=component, student=user, enrolled_by=by) for user in result.enrolled),
        ignore_conflicts=True,  # somebody else may enroll the same people at the same moment
    )
    return result


@transaction.atomic
def unenroll_student(component: Component, student: User, *, by: User | None) -> None:
    """Take a student's place away. What they submitted stays.

    Raises:
        DomainError: `forbidden` or `not_enrolled`.
    """
    if by is not None:
        require_manager(by, component)
    deleted, _rows = Enrollment.objects.filter(component=component, student=student).delete()
    if not deleted:
        raise MissingError("not_enrolled", _("%s is not enrolled.") % student.username)


@transaction.atomic
def add_configurator(component: Component, user: User, *, by: User) -> None:
    """Put another configurator in charge of a component.

    Raises:
        DomainError: `forbidden` or `not_a_configurator`.
    """
    require_manager(by, component)
    if user.role == Role.STUDENT or not user.is_active:
        raise DomainError(
            "not_a_configurator", _("%s is not an active configurator.") % user.username
        )
    component.configurators.add(user)


@transaction.atomic
def remove_configurator(component: Component, user: User, *, by: User) -> None:
    """Take a configurator off a component; the last one stays.

    Raises:
        DomainError: `forbidden` or `last_configurator`.
    """
    require_manager(by, component)
    locked = Component.objects.select_for_update().get(pk=component.pk)
    if not locked.configurators.active().exclude(pk=user.pk).exists():
        raise DomainError(
            "last_configurator",
            _("A component needs at least one configurator; add another first."),
        )
    locked.configurators.remove(user)


def require_manager(user: User, component: Component) -> None:
    """Refuse what only those in charge of a component may do.

    Raises:
        DomainError: `forbidden`.
    """
    if not can_manage(user, component):
        raise ForbiddenError("forbidden", _("You are not in charge of this component."))


def _change(instance: Any, changes: dict[str, Any]) -> Any:
    if not changes:
        return instance
    for name, value in changes.items():
        setattr(instance, name, value.strip() if isinstance(value, str) else value)
    _save(instance, update_fields=[*changes, "updated_at"])
    return instance


def _save(instance: models.Model, *, update_fields: list[str] | None = None) -> None:
    try:
        # Whoever made it may be gone, and that is no fault of this change.
        instance.full_clean(exclude=["created_by"])
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        raise DomainError("invalid", messages[0], field=name) from error
    instance.save(update_fields=update_fields)
