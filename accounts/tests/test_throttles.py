"""Counting who asks how often."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.utils import timezone

from accounts.tests.factories import UserFactory
from accounts.throttles import (
    SubmitThrottle,
    Throttle,
    count_failed_sign_in,
    seconds_to_wait,
    seconds_to_wait_for_sign_in,
)


@pytest.fixture(autouse=True)
def _nothing_counted(settings):
    settings.THROTTLES = {"default": "2/min", "submit": "1/hour", "sign_in": "3/min"}
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def request_of(rf):
    """A request of a user, or of nobody at an address."""

    def request_of(user=None, address="203.0.113.7"):
        request = rf.get("/", REMOTE_ADDR=address)
        request.user = user or AnonymousUser()
        return request

    return request_of


def test_wait_is_as_long_as_the_oldest_counts(request_of):
    request, start = request_of(), timezone.now()
    for seconds, wait in ((0, None), (20, None), (30, 30), (59, 1), (61, None), (62, 18)):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            assert seconds_to_wait(Throttle(), request) == pytest.approx(wait, abs=1e-3)


def test_what_is_refused_does_not_count(request_of):
    request, start = request_of(), timezone.now()
    with time_machine.travel(start, tick=False):
        waits = [seconds_to_wait(Throttle(), request) for _i in range(10)]
    assert waits == [None, None, *[60] * 8]
    with time_machine.travel(start + timedelta(seconds=61), tick=False):
        assert seconds_to_wait(Throttle(), request) is None


def test_scopes_users_and_addresses_count_apart(request_of):
    ada, grace = UserFactory.build_batch(2)
    requests = [request_of(), request_of(address="::1"), request_of(ada), request_of(grace)]
    for request in requests:
        waits = [seconds_to_wait(Throttle(), request) is None for _i in range(3)]
        assert waits == [True, True, False]
        submits = [seconds_to_wait(SubmitThrottle(), request) is None for _i in range(2)]
        assert submits == [True, False]


def test_user_counts_the_same_from_every_address(request_of):
    ada = UserFactory.build()
    waits = [seconds_to_wait(Throttle(), request_of(ada, f"192.0.2.{n}")) for n in range(3)]
    assert [wait is None for wait in waits] == [True, True, False]


def test_no_rate_is_no_limit(request_of, settings):
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES)
    request = request_of()
    assert {seconds_to_wait(Throttle(), request) for _i in range(20)} == {None}
    for _i in range(20):
        count_failed_sign_in(request)
        assert seconds_to_wait_for_sign_in(request, "ada") is None


def test_attempts_to_sign_in_count_by_name(request_of):
    names = ["ada", "Ada", "ADA"] * 10
    waits = [
        seconds_to_wait_for_sign_in(request_of(address=f"192.0.2.{n}"), name)
        for n, name in enumerate([*names, "ada"])
    ]
    assert [wait is None for wait in waits] == [True] * 30 + [False]


def test_what_is_refused_to_an_address_keeps_nobody_out(request_of):
    attacker = request_of(address="192.0.2.1")
    for _i in range(100):
        if seconds_to_wait_for_sign_in(attacker, "ada") is None:
            count_failed_sign_in(attacker)
    assert seconds_to_wait_for_sign_in(attacker, "ada") is not None
    assert seconds_to_wait_for_sign_in(request_of(address="192.0.2.2"), "ada") is None


def test_failures_to_sign_in_count_by_address(request_of):
    request = request_of()
    for number in range(5):
        assert seconds_to_wait_for_sign_in(request, f"pupil{number}") is None
    for _i in range(3):
        count_failed_sign_in(request)
    assert seconds_to_wait_for_sign_in(request, "somebody") is not None
    assert seconds_to_wait_for_sign_in(request_of(address="::1"), "somebody else") is None


@pytest.mark.parametrize("name", ["", "\x00", "\ud800", "\U0001f600" * 1000, "a b:c"], ids=ascii)
def test_any_name_can_be_counted(name, request_of):
    waits = [seconds_to_wait_for_sign_in(request_of(), name) for _i in range(31)]
    assert [wait is None for wait in waits] == [True] * 30 + [False]
