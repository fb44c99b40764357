"""Who may do what to accounts."""

import pytest

from accounts.enums import Role
from accounts.rules import can_configure, can_give_role, can_study
from accounts.tests.factories import UserFactory


@pytest.mark.parametrize(
    ("role", "is_active", "configures", "studies"),
    [
        (Role.ADMIN, True, True, False),
        (Role.CONFIGURATOR, True, True, False),
        (Role.STUDENT, True, False, True),
        (Role.ADMIN, False, False, False),
        (Role.CONFIGURATOR, False, False, False),
        (Role.STUDENT, False, False, False),
    ],
)
def test_role_decides_who_configures_and_who_studies(role, is_active, configures, studies):
    user = UserFactory.build(role=role, is_active=is_active)
    assert can_configure(user) is configures
    assert can_study(user) is studies


@pytest.mark.parametrize(
    ("giver", "allowed"),
    [
        (None, {Role.ADMIN, Role.CONFIGURATOR, Role.STUDENT}),
        ((Role.ADMIN, True), {Role.ADMIN, Role.CONFIGURATOR, Role.STUDENT}),
        ((Role.CONFIGURATOR, True), {Role.CONFIGURATOR, Role.STUDENT}),
        ((Role.STUDENT, True), set()),
        ((Role.ADMIN, False), set()),
        ((Role.CONFIGURATOR, False), set()),
    ],
)
def test_give_role_only_an_admin_or_the_command_line_makes_an_admin(giver, allowed):
    user = giver and UserFactory.build(role=giver[0], is_active=giver[1])
    assert {role for role in Role if can_give_role(user, role)} == allowed
