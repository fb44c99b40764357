"""Deleting what other rows depend on, from one end of the project to the other."""

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.admin_pages import browser_of
from components.models import Component, Rubric
from components.services import delete_component, delete_entry
from grading.models import GradingRun, Outcome, OutcomeRevision, Submission
from grading.services.outcomes import CriterionDecision, override_outcome
from grading.tests.factories import CRITERIA, grade, make_submission

pytestmark = pytest.mark.django_db


@pytest.fixture
def outcome(entry, student, configurator):
    """A graded and overridden submission beside one that waits."""
    submission = make_submission(entry, student)
    grade(submission)
    make_submission(entry, student)
    return override_outcome(
        submission,
        decisions=[CriterionDecision(level=1)] * CRITERIA,
        feedback="<p>Better.</p>",
        reason="Read again.",
        expected_revision=None,
        by=configurator,
    )


def left():
    models = (Submission, GradingRun, Outcome, OutcomeRevision)
    return [model.__name__ for model in models if model.objects.exists()]


def delete_user(user, admin):
    address = reverse("admin:accounts_user_delete", args=[user.pk])
    browser_of(admin).post(address, {"post": "yes"})
    assert not User.objects.filter(pk=user.pk).exists()


def test_component_deleted_takes_everything_submitted_along(outcome, entry, configurator):
    delete_component(entry.component, by=configurator)
    assert not left()
    assert not Component.objects.exists()


def test_entry_deleted_takes_everything_submitted_along(outcome, entry, configurator):
    delete_entry(entry, by=configurator)
    assert not left()
    assert Component.objects.exists()


def test_student_deleted_takes_their_submissions_along(outcome, student, admin):
    delete_user(student, admin)
    assert not left()
    assert Rubric.objects.exists()


def test_configurator_deleted_leaves_what_they_decided(outcome, configurator, admin):
    delete_user(configurator, admin)
    outcome.refresh_from_db()
    assert outcome.current.reason == "Read again."
    assert outcome.current.created_by is None


def test_page_of_a_decision_by_somebody_deleted_still_opens(outcome, student, configurator, admin):
    delete_user(configurator, admin)
    address = reverse("grading:submission_detail", args=[outcome.submission_id])
    assert "a former member of staff" in browser_of(admin).get(address).text
    address = reverse("grading:student_submission", args=[outcome.submission_id])
    assert browser_of(student).get(address).status_code == 200
