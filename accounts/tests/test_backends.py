"""Who can sign in."""

import pytest
from django.contrib.auth import authenticate
from django.urls import reverse

from accounts.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "debug", "is_let_in"),
    [
        ({}, False, True),
        ({"is_active": False}, False, False),
        ({"is_active": False}, True, False),
        ({"is_demo": True}, True, True),
        ({"is_demo": True}, False, False),
        ({"is_demo": True, "is_active": False}, True, False),
    ],
    ids=str,
)
def test_sign_in_is_for_active_people_and_demo_accounts_in_development(
    fields, debug, is_let_in, settings
):
    settings.DEBUG = debug
    UserFactory(username="ada", **fields)
    assert bool(authenticate(username="ada", password=PASSWORD)) is is_let_in


def test_sign_in_ignores_the_case_of_the_username_but_not_of_the_password():
    ada = UserFactory(username="Ada")
    assert authenticate(username="aDA", password=PASSWORD) == ada
    assert authenticate(username="Ada", password=PASSWORD.upper()) is None


@pytest.mark.parametrize("field", ["is_active", "is_demo"])
def test_session_ends_when_its_user_may_no_longer_sign_in(field, client, configurator):
    client.force_login(configurator)
    setattr(configurator, field, not getattr(configurator, field))
    configurator.save(update_fields=[field])
    response = client.get(reverse("components:component_list"))
    assert response.url.startswith(reverse("accounts:sign_in"))
