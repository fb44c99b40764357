"""Recording, overriding and releasing outcomes."""

import pytest

from grading.tests.factories import grade, make_submission

pytestmark = pytest.mark.django_db


def test_a_sound_evaluation_is_released_at_once(entry, student):
    submission = make_submission(entry, student)
    outcome = grade(submission)
    assert outcome.released == outcome.current
    assert outcome.current.score == 15
