"""A deadline on a bad day, in short; `make chaos` is the long one."""

import pytest

from grading.tests.chaos import run_chaos


@pytest.mark.chaos
@pytest.mark.timeout(400)
def test_nothing_is_lost_and_no_error_becomes_a_grade(django_db_blocker):
    with django_db_blocker.unblock():
        result = run_chaos(answers=500, kill_for=20, patience=360, seed=20261125)
    assert result["kills"] >= 5
    assert result["outcomes"] >= 450
