"""The roster and who is in charge."""

import pytest
from django.urls import reverse

from accounts.tests.factories import UserFactory
from components.models import Enrollment
from components.tests.factories import EnrollmentFactory
from components.tests.pages import messages_of
from components.views.components import ROSTER_PAGE_SIZE

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client, configurator):
    client.force_login(configurator)
    return client


@pytest.fixture
def people(component):
    return reverse("components:people", args=[component.pk])


def names_on(response):
    return [enrollment.student.username for enrollment in response.context["page"]]


def left_in_box(response):
    return response.context["form"]["people"].value()


def test_roster_takes_as_many_queries_for_three_as_for_one(
    browser, people, component, student, django_assert_num_queries
):
    with django_assert_num_queries(7):
        browser.get(people)
    EnrollmentFactory.create_batch(2, component=component)
    with django_assert_num_queries(7):
        browser.get(people)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("LOVE", ["ada"]),
        ("grace@", ["grace"]),
        ("", ["ada", "grace"]),
        ("babbage", []),
        ("nul\x00", []),
    ],
)
def test_roster_search_finds_enrolled_students_only(text, names, browser, people, component):
    for username, full_name in (("ada", "Ada Lovelace"), ("grace", "Grace Hopper")):
        UserFactory(username=username, full_name=full_name, enrolled_in=component)
    UserFactory(username="lovelace")
    response = browser.get(people, {"q": text})
    assert names_on(response) == names
    assert bool(names) is not ("No enrolled student matches" in response.text)


def test_roster_is_paged(browser, people, component):
    EnrollmentFactory.create_batch(ROSTER_PAGE_SIZE + 1, component=component)
    assert len(names_on(browser.get(people, {"page": 2}))) == 1
    assert f"({ROSTER_PAGE_SIZE + 1})" in browser.get(people).text


def test_roster_marks_the_deactivated(browser, people, component):
    UserFactory(enrolled_in=component, is_active=False)
    assert browser.get(people).text.count("Deactivated") == 1


def test_enroll_list_without_mistakes_empties_the_box(browser, people, component, configurator):
    UserFactory(username="ada")
    UserFactory(username="grace", email="grace@example.org")
    response = browser.post(people, {"people": "ADA\r\ngrace@example.org"}, follow=True)
    assert response.redirect_chain == [(people, 302)]
    assert messages_of(response) == ["2 students enrolled."]
    assert names_on(response) == ["ada", "grace"]
    assert not left_in_box(response)
    assert component.enrollments.filter(enrolled_by=configurator).count() == 2


def test_enroll_list_keeps_those_who_could_not_be_enrolled(browser, people, student):
    UserFactory(username="ada")
    typed = {"people": "ada, nobody <script>\nstudent\nconfigurator"}
    response = browser.post(people, typed)
    assert messages_of(response) == [
        "1 student enrolled.",
        "Enrolled already: student.",
        "Nobody has this username or address: nobody, <script>.",
        "Not students: configurator.",
    ]
    assert left_in_box(response) == "nobody\n<script>\nconfigurator"
    assert names_on(response) == ["ada", "student"]
    assert "<script>." not in response.text


@pytest.mark.parametrize("typed", ["", " \n", "nul\x00"], ids=["empty", "blank", "nul"])
def test_enroll_list_without_names_is_a_message_beside_the_box(typed, browser, people):
    response = browser.post(people, {"people": typed})
    assert response.context["form"].errors["people"]
    assert not Enrollment.objects.exists()


def test_unenroll_takes_the_place_away(browser, people, component, student):
    address = reverse("components:unenroll", args=[component.pk, student.pk])
    response = browser.post(address, follow=True)
    assert response.redirect_chain == [(people, 302)]
    assert "is no longer enrolled" in messages_of(response)[0]
    assert not Enrollment.objects.exists()


def test_unenroll_twice_says_so(browser, component, student):
    address = reverse("components:unenroll", args=[component.pk, student.pk])
    browser.post(address, follow=True)
    response = browser.post(address, follow=True)
    assert messages_of(response) == ["student is not enrolled."]


def test_configurator_is_added_by_username(browser, component, stranger):
    address = reverse("components:configurator_add", args=[component.pk])
    browser.post(address, {"username": "STRANGER"})
    assert component.configurators.contains(stranger)


@pytest.mark.parametrize(
    ("username", "message"),
    [
        ("nobody", "There is no user “nobody”."),
        ("outsider", "outsider is not an active configurator."),
        ("", "There is no user “”."),
        ("nul\x00", "There is no user “nul"),
    ],
    ids=["nobody", "student", "empty", "nul"],
)
def test_configurator_refused_is_a_message(username, message, browser, component, outsider):
    address = reverse("components:configurator_add", args=[component.pk])
    response = browser.post(address, {"username": username}, follow=True)
    assert message in response.text
    assert component.configurators.count() == 1


def test_configurator_is_removed(browser, component, stranger, people):
    component.configurators.add(stranger)
    address = reverse("components:configurator_remove", args=[component.pk, stranger.pk])
    response = browser.post(address, follow=True)
    assert response.redirect_chain == [(people, 302)]
    assert not component.configurators.contains(stranger)


def test_configurator_the_last_one_stays(browser, component, configurator):
    address = reverse("components:configurator_remove", args=[component.pk, configurator.pk])
    response = browser.post(address, follow=True)
    assert "at least one configurator" in messages_of(response)[0]
    assert component.configurators.contains(configurator)


def test_configurator_who_leaves_lands_on_the_list(browser, component, configurator, stranger):
    component.configurators.add(stranger)
    address = reverse("components:configurator_remove", args=[component.pk, configurator.pk])
    response = browser.post(address, follow=True)
    assert response.redirect_chain == [(reverse("components:component_list"), 302)]
    assert not component.configurators.contains(configurator)


def test_configurator_who_was_not_in_charge_cannot_be_removed(browser, component, stranger):
    address = reverse("components:configurator_remove", args=[component.pk, stranger.pk])
    assert browser.post(address).status_code == 404
