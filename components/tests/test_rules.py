"""Who may do what to components."""

import pytest

from accounts.enums import Role
from accounts.tests.factories import UserFactory
from components.rules import can_manage, is_enrolled
from components.tests.factories import EnrollmentFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("is_active", [True, False])
@pytest.mark.parametrize("is_in_charge", [True, False])
@pytest.mark.parametrize("role", Role)
def test_manage_is_for_admins_and_for_configurators_in_charge(
    role, is_in_charge, is_active, component
):
    user = UserFactory(role=role, is_active=is_active)
    if is_in_charge:
        component.configurators.add(user)
    is_right = role == Role.ADMIN or (role == Role.CONFIGURATOR and is_in_charge)
    assert can_manage(user, component) is (is_right and is_active)


@pytest.mark.parametrize(
    ("has_place", "is_active", "counts"),
    [(True, True, True), (True, False, False), (False, True, False)],
)
def test_enrolled_is_who_has_a_place_and_is_active(has_place, is_active, counts, component):
    student = UserFactory(is_active=is_active)
    if has_place:
        EnrollmentFactory(component=component, student=student)
    assert is_enrolled(student, component) is counts


def test_enrolled_in_another_component_does_not_count(component):
    assert not is_enrolled(EnrollmentFactory().student, component)
