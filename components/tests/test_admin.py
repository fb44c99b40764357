"""Enrollments and components in the Django admin, through its pages."""

import pytest
from django.urls import reverse

from accounts.tests.admin_pages import browser_of, messages_of, run_action, text_of
from accounts.tests.factories import UserFactory
from components.models import Enrollment
from components.tests.factories import ComponentFactory, EnrollmentFactory
from grading.tests.factories import make_submission

pytestmark = pytest.mark.django_db

USERS = "accounts_user"
ENROLLMENTS = "components_enrollment"
LIST = reverse("admin:components_enrollment_changelist")
ADD = reverse("admin:components_enrollment_add")


@pytest.fixture
def browser(admin):
    return browser_of(admin)


@pytest.mark.parametrize("visitor", ["student", "configurator"])
@pytest.mark.parametrize("page", ["enrollment_changelist", "enrollment_add", "enrollment_import",
                                  "enrollment_export", "component_changelist"])  # fmt: skip
def test_pages_are_for_admins_only(visitor, page, request):
    browser = browser_of(request.getfixturevalue(visitor))
    response = browser.get(reverse(f"admin:components_{page}"))
    assert response.status_code == 302
    assert "login" in response.url


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 2),
        ({"q": "LOVE"}, 1),
        ({"q": "biology"}, 1),
        ({"q": "nobody"}, 0),
    ],
    ids=str,
)
def test_enrollment_list_search(query, count, browser):
    ada = UserFactory(username="ada", full_name="Ada Lovelace", email=None)
    EnrollmentFactory(student=ada, component__name="Chemistry")
    EnrollmentFactory(student__full_name="", component__name="Biology")
    assert browser.get(LIST, query).context["cl"].result_count == count


def test_enrollment_list_filters_by_component(browser, student, component):
    EnrollmentFactory()
    response = browser.get(LIST, {"component__id__exact": str(component.pk)})
    assert [row.student for row in response.context["cl"].result_list] == [student]


def test_enrollment_list_takes_as_many_queries_for_three_as_for_one(
    browser, component, student, django_assert_num_queries
):
    with django_assert_num_queries(7):
        browser.get(LIST)
    EnrollmentFactory.create_batch(2, component=component)
    with django_assert_num_queries(7):
        browser.get(LIST)


def test_enrollment_is_added_once_and_says_by_whom(browser, admin, component, outsider):
    typed = {"component": component.pk, "student": outsider.pk}
    browser.post(ADD, typed)
    assert Enrollment.objects.get().enrolled_by == admin
    again = browser.post(ADD, typed)
    assert "This student is enrolled already." in text_of(again)
    assert Enrollment.objects.count() == 1


@pytest.mark.parametrize("who", ["configurator", "admin"])
def test_enrollment_of_somebody_who_is_no_student_is_refused(who, browser, component, request):
    user = request.getfixturevalue(who)
    response = browser.post(ADD, {"component": component.pk, "student": user.pk})
    assert "valid choice" in text_of(response)
    assert not Enrollment.objects.exists()


def test_enrollment_is_shown_but_never_changed(browser, component, student):
    enrollment = Enrollment.objects.get()
    address = reverse("admin:components_enrollment_change", args=[enrollment.pk])
    other = ComponentFactory()
    assert browser.get(address).status_code == 200
    response = browser.post(address, {"component": other.pk, "student": student.pk})
    assert response.status_code == 403
    enrollment.refresh_from_db()
    assert enrollment.component == component


def test_enrollment_deleted_keeps_what_was_submitted(browser, entry, student):
    submission = make_submission(entry, student)
    enrollment = Enrollment.objects.get()
    browser.post(
        reverse("admin:components_enrollment_delete", args=[enrollment.pk]), {"post": "yes"}
    )
    assert not Enrollment.objects.exists()
    submission.refresh_from_db()


def test_enrollments_selected_are_deleted_together(browser, component):
    rows = EnrollmentFactory.create_batch(3, component=component)
    asked = run_action(browser, ENROLLMENTS, "delete_selected", rows[:2])
    assert "Are you sure" in text_of(asked)
    run_action(browser, ENROLLMENTS, "delete_selected", rows[:2], post="yes")
    assert list(Enrollment.objects.all()) == rows[2:]


@pytest.mark.parametrize("action", ["enroll", "unenroll"])
def test_bulk_action_asks_for_the_component_and_changes_nothing_yet(
    action, browser, component, student, outsider
):
    response = run_action(browser, USERS, action, [student, outsider])
    text = text_of(response)
    assert "2 users are selected: outsider (Student) student (Student)" in text
    assert component.name in text
    assert Enrollment.objects.count() == 1


def test_bulk_enroll_enrolls_the_students_and_reports_the_others(
    browser, admin, component, student, outsider, configurator
):
    people = [student, outsider, configurator]
    response = run_action(browser, USERS, "enroll", people, component=component.pk)
    assert messages_of(response) == [
        "configurator is not a student.",
        "student is enrolled already.",
        "1 student changed.",
    ]
    assert Enrollment.objects.get(student=outsider).enrolled_by == admin
    assert Enrollment.objects.count() == 2


def test_bulk_unenroll_takes_the_places_away_and_keeps_submissions(
    browser, entry, student, outsider
):
    submission = make_submission(entry, student)
    response = run_action(
        browser, USERS, "unenroll", [student, outsider], component=entry.component_id
    )
    assert messages_of(response) == ["outsider is not enrolled.", "1 student changed."]
    assert not Enrollment.objects.exists()
    submission.refresh_from_db()


@pytest.mark.parametrize("component", ["", "nonsense", "nul\x00"])
def test_bulk_action_without_a_component_asks_again(component, browser, outsider):
    response = run_action(browser, USERS, "enroll", [outsider], component=component)
    assert "1 user is selected: outsider" in text_of(response)
    assert response.context["form"].errors["component"]
    assert not Enrollment.objects.exists()


def test_bulk_action_form_leads_back_to_itself_with_the_same_people(browser, component, outsider):
    page = run_action(browser, USERS, "enroll", [outsider])
    assert f'name="_selected_action" value="{outsider.pk}"' in page.text
    assert 'name="action" value="enroll"' in page.text


def test_user_page_lists_the_enrollments(browser, component, student):
    address = reverse("admin:accounts_user_change", args=[student.pk])
    assert component.name in text_of(browser.get(address))


@pytest.mark.parametrize("page", ["add", "delete"])
def test_component_is_made_and_deleted_on_its_own_pages_only(page, browser, component):
    arguments = [component.pk] if page == "delete" else []
    address = reverse(f"admin:components_component_{page}", args=arguments)
    assert browser.get(address).status_code == 403


def test_component_is_only_looked_at_in_the_admin(browser, component):
    address = reverse("admin:components_component_change", args=[component.pk])
    assert browser.get(address).status_code == 200
    assert browser.post(address, {"name": "Other"}).status_code == 403
