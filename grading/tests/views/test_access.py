"""Role x page: who may open what."""

import pytest
from django.urls import reverse

from accounts.tests.factories import UserFactory
from components.tests.factories import EnrollmentFactory
from grading.tests.factories import grade, make_submission, reply_text

pytestmark = pytest.mark.django_db

ROLES = ["student", "fellow", "outsider", "configurator", "stranger", "admin"]
STUDENT_PAGES = {
    "student_home": [200, 200, 200, 403, 403, 403],
    "student_component": [200, 200, 404, 403, 403, 403],
    "student_entry": [200, 200, 404, 403, 403, 403],
    "student_submission": [200, 404, 404, 403, 403, 403],
    "student_submission_status": [200, 404, 404, 403, 403, 403],
}
REVIEW_PAGES = {
    "submission_list": [403, 403, 403, 200, 404, 200],
    "submission_detail": [403, 403, 403, 200, 404, 200],
    "submission_progress": [403, 403, 403, 200, 404, 200],
}
ACTIONS = {
    "submission_regrade": [403, 403, 403, 302, 404, 302],
    "submission_release": [403, 403, 403, 302, 404, 302],
}
PAGES = STUDENT_PAGES | REVIEW_PAGES


@pytest.fixture
def fellow(component):
    """Another student of the same component."""
    return EnrollmentFactory(component=component).student


@pytest.fixture
def submission(entry, student):
    submission = make_submission(entry, student)
    grade(submission, reply_text(1, confidence=5))
    return submission


@pytest.fixture
def address(submission):
    """The address of a page about the submission, or about what it belongs to."""

    def address(page):
        keys = {
            "student_home": [],
            "student_component": [submission.entry.component_id],
            "student_entry": [submission.entry_id],
            "submission_list": [submission.entry_id],
        }
        return reverse(f"grading:{page}", args=keys.get(page, [submission.pk]))

    return address


def table(pages):
    return [(page, *cell) for page, row in pages.items() for cell in zip(ROLES, row, strict=True)]


@pytest.mark.parametrize(("page", "role", "status"), table(PAGES))
def test_page_opens_for_its_roles_only(request, client, address, page, role, status):
    client.force_login(request.getfixturevalue(role))
    assert client.get(address(page)).status_code == status


@pytest.mark.parametrize(("page", "role", "status"), table(ACTIONS))
def test_action_is_open_to_its_roles_only(request, client, address, page, role, status):
    client.force_login(request.getfixturevalue(role))
    assert client.post(address(page)).status_code == status


@pytest.mark.parametrize("page", ["student_entry", "submission_detail"])
@pytest.mark.parametrize("role", ["outsider", "stranger"])
def test_form_of_a_page_is_as_closed_as_the_page(request, client, address, page, role):
    client.force_login(request.getfixturevalue(role))
    data = {"content": "x", "level_0": "0", "level_1": "0", "feedback": "x", "reason": "x"}
    assert client.post(address(page), {**data, "revision": "1"}).status_code in {403, 404}


@pytest.mark.parametrize("page", [*PAGES, *ACTIONS])
@pytest.mark.parametrize("method", ["get", "post"])
def test_page_asks_strangers_to_sign_in(client, address, page, method):
    response = getattr(client, method)(address(page))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("accounts:sign_in"))


@pytest.mark.parametrize("page", ACTIONS)
def test_action_is_no_page(client, address, configurator, page):
    client.force_login(configurator)
    assert client.get(address(page)).status_code == 405


@pytest.mark.parametrize("page", ["student_home", "student_submission"])
def test_deactivated_student_is_signed_out(client, address, student, page):
    client.force_login(student)
    student.is_active = False
    student.save()
    assert client.get(address(page)).status_code == 302


def test_own_submission_stays_readable_after_unenrolment(client, address, component, student):
    component.enrollments.all().delete()
    client.force_login(student)
    assert client.get(address("student_submission")).status_code == 200
    assert client.get(address("student_entry")).status_code == 404


def test_configurator_taken_off_a_component_is_a_stranger(client, address, component):
    former = UserFactory(configurator=True)
    component.configurators.add(former)
    component.configurators.remove(former)
    client.force_login(former)
    assert client.get(address("submission_detail")).status_code == 404


@pytest.mark.parametrize("page", [name for name in [*PAGES, *ACTIONS] if name != "student_home"])
@pytest.mark.parametrize("role", ["student", "configurator"])
def test_unknown_id_is_not_found_or_forbidden(request, client, page, role):
    client.force_login(request.getfixturevalue(role))
    path = reverse(f"grading:{page}", args=["00000000-0000-0000-0000-000000000000"])
    assert client.post(path).status_code in {403, 404}
