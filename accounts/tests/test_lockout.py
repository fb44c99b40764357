"""Who is locked out, under which name, and for how long."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.lockout import attempted_username, lift_lockout, locked_out_usernames
from accounts.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _three_failures_are_too_many(settings):
    settings.AXES_FAILURE_LIMIT = 3


@pytest.fixture
def fail(client):
    """Try a wrong password so many times."""

    def fail(name, times=3, **environ):
        for _i in range(times):
            credentials = {"username": name, "password": "wrong"}
            client.post("/api/auth/login/json", credentials, "application/json", **environ)

    return fail


@pytest.mark.parametrize(
    ("credentials", "name"),
    [
        (None, ""),
        ({}, ""),
        ({"username": None}, "none"),
        ({"username": "Ada"}, "ada"),
        ({"username": "\u0130" * 300}, ("\u0130" * 300).lower()[:255]),
        ({"username": "a" * 1000}, "a" * 255),
    ],
    ids=["nothing", "no-name", "null", "case", "longer-in-lower-case", "long"],
)
def test_attempts_are_counted_under_a_name_that_can_be_stored(credentials, name):
    assert attempted_username(None, credentials) == name
    assert len(name) <= 255


def test_locked_out_is_who_failed_as_often_as_the_limit(fail):
    fail("ada")
    fail("grace", times=2)
    assert locked_out_usernames() == {"ada"}


def test_browsers_count_together_and_addresses_do_not(fail):
    for browser in ("one", "two", "three"):
        fail("ada", times=1, HTTP_USER_AGENT=browser)
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        fail("grace", times=1, REMOTE_ADDR=address)
    assert locked_out_usernames() == {"ada"}


def test_lockout_ends_by_itself(fail, settings):
    start = timezone.now()
    with time_machine.travel(start, tick=False):
        fail("ada")
    minutes = timedelta(minutes=settings.LOCKOUT_MINUTES)
    with time_machine.travel(start + minutes - timedelta(seconds=1), tick=False):
        assert locked_out_usernames() == {"ada"}
    with time_machine.travel(start + minutes + timedelta(seconds=1), tick=False):
        assert locked_out_usernames() == set()


def test_nobody_is_locked_out_where_that_is_switched_off(fail, settings):
    fail("ada")
    settings.AXES_ENABLED = False
    assert locked_out_usernames() == set()


def test_lifting_a_lockout_lets_a_person_in_from_everywhere(fail, client):
    ada = UserFactory(username="Ada")
    for address in ("192.0.2.1", "192.0.2.2"):
        fail("ADA", REMOTE_ADDR=address)
    fail("grace")
    assert lift_lockout(ada)
    assert not lift_lockout(ada)
    assert locked_out_usernames() == {"grace"}
    credentials = {"username": "ada", "password": PASSWORD}
    answer = client.post(
        "/api/auth/login/json", credentials, "application/json", REMOTE_ADDR="192.0.2.1"
    )
    assert answer.status_code == 200
