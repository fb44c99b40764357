"""What may be seen and changed, and what the database refuses."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, models, transaction

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from components.models import Component, Enrollment, Entry, Rubric
from components.services import find_rubric
from components.tests.factories import (
    RUBRIC,
    ComponentFactory,
    EnrollmentFactory,
    EntryFactory,
)

pytestmark = pytest.mark.django_db

IN_CHARGE, ENROLLED, NEITHER = "in charge", "enrolled", "neither"
WHO_SEES_AND_CHANGES = [
    (Role.ADMIN, NEITHER, True, True),
    (Role.ADMIN, IN_CHARGE, True, True),
    (Role.CONFIGURATOR, IN_CHARGE, True, True),
    (Role.CONFIGURATOR, ENROLLED, False, False),
    (Role.CONFIGURATOR, NEITHER, False, False),
    (Role.STUDENT, ENROLLED, True, False),
    (Role.STUDENT, IN_CHARGE, False, False),
    (Role.STUDENT, NEITHER, False, False),
]


def person(role, place, component, **fields):
    user = UserFactory(role=role, **fields)
    if place == IN_CHARGE:
        component.configurators.add(user)
    if place == ENROLLED:
        EnrollmentFactory(component=component, student=user)
    return user


@pytest.mark.parametrize(("role", "place", "sees", "changes"), WHO_SEES_AND_CHANGES)
def test_component_and_entries_are_seen_and_changed_by_role_and_place(
    role, place, sees, changes, component, entry
):
    user = person(role, place, component)
    assert Component.objects.visible_to(user).contains(component) is sees
    assert Component.objects.managed_by(user).contains(component) is changes
    assert Entry.objects.visible_to(user).contains(entry) is sees
    assert Entry.objects.managed_by(user).contains(entry) is changes


@pytest.mark.parametrize(("role", "place", "_sees", "_changes"), WHO_SEES_AND_CHANGES)
def test_component_is_hidden_from_the_deactivated(role, place, _sees, _changes, component, entry):
    user = person(role, place, component, is_active=False)
    assert not Component.objects.visible_to(user).exists()
    assert not Component.objects.managed_by(user).exists()
    assert not Entry.objects.visible_to(user).exists()


def test_component_is_hidden_from_a_visitor(entry):
    visitor = AnonymousUser()
    assert not Component.objects.visible_to(visitor).exists()
    assert not Entry.objects.managed_by(visitor).exists()


def test_component_with_two_people_in_charge_is_listed_once(component, configurator, stranger):
    component.configurators.add(stranger)
    assert list(Component.objects.managed_by(configurator)) == [component]


def test_component_counts_do_not_multiply(component):
    EntryFactory.create_batch(2, component=component)
    EnrollmentFactory.create_batch(3, component=component)
    empty = ComponentFactory()
    found = {row.pk: vars(row) for row in Component.objects.with_counts()}
    counts = {key: (row["entry_count"], row["student_count"]) for key, row in found.items()}
    assert counts == {component.pk: (2, 3), empty.pk: (0, 0)}


def test_component_without_a_name_is_refused_by_the_database():
    with pytest.raises(IntegrityError), transaction.atomic():
        Component.objects.create(name="")


def test_entry_without_a_title_is_refused_by_the_database(component):
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.create(component=component, title="")


def test_enrollment_twice_is_refused_by_the_database(component, student):
    with pytest.raises(IntegrityError), transaction.atomic():
        Enrollment.objects.create(component=component, student=student)


def test_rubric_never_changes():
    rubric = find_rubric(RUBRIC)
    assert rubric is not None
    rubric.definition = {}
    with pytest.raises(TypeError, match="never changes"):
        rubric.save()
    assert Rubric.objects.get().definition["criteria"]


def test_rubric_of_an_entry_cannot_be_deleted(entry):
    with pytest.raises(models.ProtectedError):
        entry.rubric.delete()


def test_rubric_content_is_one_row_in_the_database():
    rubric = find_rubric(RUBRIC)
    assert rubric is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        Rubric.objects.create(content_hash=rubric.content_hash, definition={})


def test_rubric_spec_has_the_points_worked_out(entry):
    assert entry.rubric.spec.max_score == 15


def test_empty_rubric_has_no_spec():
    with pytest.raises(ValueError, match="never stored"):
        _ = Rubric(definition={}).spec


def test_entry_shows_its_rubric_in_the_shape_of_the_contract(entry):
    assert entry.rubric_definition == RUBRIC
    assert EntryFactory(without_rubric=True).rubric_definition == {}


def test_names_are_what_people_see(entry, student):
    assert str(entry) == entry.title
    assert str(entry.component) == entry.component.name
    assert str(student.enrollments.get()) == f"{student.full_name} - {entry.component.name}"
    assert entry.rubric.content_hash.startswith(str(entry.rubric))
