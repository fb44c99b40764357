"""Who may do what: the truth tables."""

import pytest

from accounts.tests.factories import UserFactory
from components.tests.factories import EnrollmentFactory
from grading.rules import can_release, can_review, can_submit
from grading.tests.factories import grade, make_submission, reply_text

pytestmark = pytest.mark.django_db
ROLES = ["admin", "configurator", "stranger", "student", "outsider"]


@pytest.fixture
def submission(entry):
    return make_submission(entry, UserFactory(enrolled_in=entry.component))


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [(can_submit, {"student"}), (can_review, {"admin", "configurator"})],
)
@pytest.mark.parametrize("role", ROLES)
def test_rule_holds_for_its_roles_only(request, submission, rule, allowed, role):
    subject = submission.entry if rule is can_submit else submission
    assert rule(request.getfixturevalue(role), subject) == (role in allowed)


@pytest.mark.parametrize("role", ["admin", "configurator"])
def test_staff_that_was_enrolled_once_hands_nothing_in(request, entry, role):
    user = request.getfixturevalue(role)
    EnrollmentFactory(component=entry.component, student=user)
    assert not can_submit(user, entry)


@pytest.mark.parametrize("role", ["admin", "configurator", "student"])
def test_deactivated_people_may_nothing(request, submission, role):
    user = request.getfixturevalue(role)
    user.is_active = False
    assert not can_submit(user, submission.entry)
    assert not can_review(user, submission)


@pytest.mark.parametrize(
    ("reply", "expected"), [(reply_text(1, confidence=5), True), (reply_text(), False)]
)
def test_held_outcomes_can_be_released(submission, reply, expected):
    assert can_release(grade(submission, reply)) == expected


def test_nothing_can_be_released_before_there_is_an_outcome():
    assert not can_release(None)
