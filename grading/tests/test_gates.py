"""How far a provider may be asked: limits, slowing down, the breaker. Nothing here is stored."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.engine.errors import REMEDIES, ErrorCode
from grading.models import Limits, ProviderGate
from grading.models.providers import OUTAGE_AFTER, SLOWDOWNS_AFTER

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
LIMITS = Limits(8)


def after(seconds):
    return NOON + timedelta(seconds=seconds)


def fail(gate, code, *, at=NOON, begun_at=None, retry_after=None, pause=1.0, limits=LIMITS):
    gate.note_error(
        at,
        code,
        REMEDIES[code],
        begun_at=begun_at or at,
        detail="it broke",
        retry_after=retry_after,
        pause=pause,
        limits=limits,
    )


# --- limits --------------------------------------------------------------------
@pytest.mark.parametrize(("in_flight", "room"), [(0, 8), (5, 3), (8, 0), (9, 0)])
def test_room_is_what_the_limit_of_calls_in_flight_leaves(in_flight, room):
    assert ProviderGate().room(NOON, in_flight, LIMITS) == room


def test_requests_of_the_last_minute_count():
    gate, limits = ProviderGate(), Limits(100, requests=10)
    gate.note_calls(NOON, 4, 0)
    gate.note_calls(after(30), 5, 0)
    assert gate.room(after(30), 0, limits) == 1
    assert gate.room(after(62), 0, limits) == 5


def test_full_minute_says_when_it_has_room_again():
    gate, limits = ProviderGate(), Limits(100, requests=10)
    gate.note_calls(NOON, 10, 0)
    opens_at = gate.opens_at(after(20), limits)
    assert after(60) < opens_at <= after(62)
    assert gate.room(after(20), 0, limits) == 0
    assert gate.room(opens_at, 0, limits) == 10


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 30)), max_size=60))
def test_no_minute_ever_has_more_requests_than_its_limit(steps):
    gate, limits, now, begun = ProviderGate(), Limits(100, requests=12), NOON, []
    for pause, wanted in steps:
        now += timedelta(seconds=pause)
        count = min(wanted, gate.room(now, 0, limits))
        if count:
            gate.note_calls(now, count, 0)
            begun += [now] * count
    for start in begun:
        window = [t for t in begun if start <= t < start + timedelta(seconds=60)]
        assert len(window) <= 12


def test_tokens_are_held_to_their_minute_and_corrected():
    gate, limits = ProviderGate(), Limits(100, tokens=1000)
    gate.note_calls(NOON, 1, 600)
    assert not gate.fits(after(1), 500, limits)
    gate.note_tokens(after(2), -300)
    assert gate.fits(after(3), 500, limits)


def test_call_larger_than_any_minute_goes_alone():
    gate, limits = ProviderGate(), Limits(100, tokens=1000)
    assert gate.fits(NOON, 5000, limits)
    gate.note_calls(NOON, 1, 5000)
    assert not gate.fits(after(1), 1, limits)
    assert gate.room(after(1), 0, limits) == 0


# --- slowing down ----------------------------------------------------------------
def test_retry_after_holds_everybody():
    gate = ProviderGate()
    fail(gate, ErrorCode.RATE_LIMIT, retry_after=20)
    assert gate.room(after(19), 0, LIMITS) == 0
    assert gate.room(after(20), 0, LIMITS) == 4


def test_slow_down_without_a_time_pauses_longer_each_time():
    gate = ProviderGate()
    fail(gate, ErrorCode.RATE_LIMIT)
    first = gate.opens_at(NOON, LIMITS) - NOON
    fail(gate, ErrorCode.RATE_LIMIT, at=after(10))
    second = gate.opens_at(after(10), LIMITS) - after(10)
    assert timedelta(seconds=0.5) <= first <= timedelta(seconds=1)
    assert timedelta(seconds=1) <= second <= timedelta(seconds=2)


def test_one_wave_of_refusals_halves_once():
    gate = ProviderGate()
    fail(gate, ErrorCode.RATE_LIMIT, at=after(2))
    for _i in range(7):
        fail(gate, ErrorCode.RATE_LIMIT, at=after(2), begun_at=NOON)
    assert (gate.allowed, gate.slowdowns) == (4, 1)


def test_one_call_always_stays_allowed():
    gate = ProviderGate()
    for number in range(6):
        fail(gate, ErrorCode.RATE_LIMIT, at=after(100 * number))
    assert gate.room(after(1000), 0, LIMITS) == 1


def test_successes_give_back_what_was_cut():
    gate = ProviderGate()
    fail(gate, ErrorCode.RATE_LIMIT)
    gate.note_successes(4, LIMITS)
    assert gate.room(after(10), 0, LIMITS) == 5
    gate.note_successes(12, LIMITS)
    assert (gate.room(after(10), 0, LIMITS), gate.allowed) == (8, None)


# --- the breaker -------------------------------------------------------------------
@pytest.mark.parametrize("code", [ErrorCode.BAD_KEY, ErrorCode.QUOTA_SPENT, ErrorCode.NO_MODEL])
def test_trouble_of_the_account_opens_the_breaker_at_once(code):
    gate = ProviderGate()
    fail(gate, code)
    assert gate.is_open
    assert gate.breaker_code == code
    assert gate.cause
    assert gate.room(after(5), 0, LIMITS) == 0


def test_outage_opens_the_breaker_after_several_in_a_row():
    gate = ProviderGate()
    for _i in range(OUTAGE_AFTER - 1):
        fail(gate, ErrorCode.OVERLOADED)
    assert not gate.is_open
    fail(gate, ErrorCode.CONNECTION)
    assert gate.is_open


def test_success_between_outages_keeps_it_closed():
    gate = ProviderGate()
    for _i in range(3 * OUTAGE_AFTER):
        fail(gate, ErrorCode.TIMEOUT)
        gate.note_successes(1, LIMITS)
    assert not gate.is_open


def test_limit_that_does_not_pass_opens_it_too():
    gate = ProviderGate()
    for number in range(SLOWDOWNS_AFTER):
        fail(gate, ErrorCode.RATE_LIMIT, at=after(100 * number))
    assert gate.breaker_code == ErrorCode.RATE_LIMIT


@pytest.mark.parametrize("code", [ErrorCode.MALFORMED_REPLY, ErrorCode.SAFETY_BLOCK])
def test_trouble_of_one_answer_never_opens_it(code):
    gate = ProviderGate()
    for _i in range(50):
        fail(gate, code)
    assert not gate.is_open


def test_open_breaker_lets_one_probe_through_at_a_time_and_ever_less_often():
    gate, now, waits = ProviderGate(), NOON, []
    fail(gate, ErrorCode.BAD_KEY)
    for _i in range(7):
        probe_at = gate.opens_at(now, LIMITS)
        waits.append((probe_at - now).total_seconds())
        now = probe_at
        assert gate.room(now, 0, LIMITS) == 1
        gate.note_calls(now, 1, 0)
        assert gate.room(now, 1, LIMITS) == 0
    assert waits == [10, 10, 20, 40, 80, 160, 300]


def test_probe_that_goes_well_closes_it():
    gate = ProviderGate()
    fail(gate, ErrorCode.BAD_KEY)
    gate.note_calls(after(10), 1, 0)
    gate.note_successes(1, LIMITS)
    assert (gate.is_open, gate.breaker_since, gate.probe_at) == (False, None, None)
    assert gate.room(after(11), 0, LIMITS) == 8
