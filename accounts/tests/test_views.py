"""Signing in and out, the password, and the way home."""

import pytest
from django.urls import reverse

from accounts.tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

HOME = reverse("accounts:home")
SIGN_IN = reverse("accounts:sign_in")
SIGN_OUT = reverse("accounts:sign_out")
CHANGE_PASSWORD = reverse("accounts:password_change")
NEW_PASSWORD = "purple monkey dishwasher"


def is_signed_in(client):
    return "_auth_user_id" in client.session


@pytest.mark.parametrize(
    ("role", "place"),
    [
        ("student", "grading:student_home"),
        ("configurator", "components:component_list"),
        ("admin", "admin:index"),
    ],
)
def test_home_sends_each_role_to_its_own_place(role, place, client, request):
    client.force_login(request.getfixturevalue(role))
    response = client.get(HOME, follow=True)
    assert response.redirect_chain == [(reverse(place), 302)]
    assert response.status_code == 200


def test_home_sends_a_visitor_to_the_sign_in(client):
    response = client.get(HOME)
    assert response.url == f"{SIGN_IN}?next={HOME}"


def test_sign_in_leads_home(client, student):
    response = client.post(SIGN_IN, {"username": "STUDENT", "password": PASSWORD})
    assert response.url == HOME
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "typed",
    [
        {"username": "student", "password": "wrong"},
        {"username": "student", "password": PASSWORD.upper()},
        {"username": "nobody", "password": PASSWORD},
        {"username": "student", "password": f"{PASSWORD} "},
    ],
    ids=str,
)
def test_sign_in_refused_says_what_to_check_and_keeps_the_username(typed, client, student):
    response = client.post(SIGN_IN, typed)
    assert "do not belong together" in response.text
    assert f'value="{typed["username"]}"' in response.text
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"username": "", "password": ""},
        {"username": "stu\x00dent", "password": PASSWORD},
        {"username": "student", "password": f"{PASSWORD}\x00"},
        {"username": "a" * 10_000, "password": "b" * 10_000},
        {"username": "😀", "password": "😀"},
    ],
    ids=["nothing", "empty", "nul-in-name", "nul-in-password", "long", "emoji"],
)
def test_sign_in_odd_input_gets_a_message(typed, client, student):
    response = client.post(SIGN_IN, typed)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert not is_signed_in(client)


@pytest.mark.parametrize("fields", [{"is_active": False}, {"is_demo": True}], ids=str)
def test_sign_in_refuses_locked_out_people_like_a_wrong_password(fields, client, student):
    type(student).objects.filter(pk=student.pk).update(**fields)
    response = client.post(SIGN_IN, {"username": "student", "password": PASSWORD})
    assert "do not belong together" in response.text


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        (CHANGE_PASSWORD, CHANGE_PASSWORD),
        ("https://evil.example/", HOME),
        ("//evil.example/", HOME),
        ("/\\evil.example/", HOME),
        ("javascript:alert(1)", HOME),
        ("", HOME),
    ],
)
def test_sign_in_goes_on_to_a_page_of_this_site_only(wanted, place, client, student):
    typed = {"username": "student", "password": PASSWORD, "next": wanted}
    assert client.post(SIGN_IN, typed).url == place


def test_sign_in_page_carries_the_wanted_page_along(client):
    response = client.get(SIGN_IN, {"next": CHANGE_PASSWORD})
    assert f'name="next" value="{CHANGE_PASSWORD}"' in response.text


def test_sign_in_page_has_one_form_with_one_token(client):
    text = client.get(SIGN_IN).text
    assert text.count("<form") == 1
    assert text.count("csrfmiddlewaretoken") == 1


def test_sign_in_page_sends_the_signed_in_home(client, student):
    client.force_login(student)
    assert client.get(SIGN_IN).url == HOME


def test_sign_out_ends_the_session(client, student):
    client.force_login(student)
    assert client.post(SIGN_OUT).url == SIGN_IN
    assert not is_signed_in(client)


def test_sign_out_by_a_link_does_nothing(client, student):
    client.force_login(student)
    assert client.get(SIGN_OUT).status_code == 405
    assert is_signed_in(client)


def test_sign_out_twice_leads_to_the_sign_in_without_a_dead_end(client):
    assert client.post(SIGN_OUT).url == SIGN_IN


def test_password_change_takes_the_new_one_and_stays_signed_in(client, student):
    client.force_login(student)
    typed = {
        "old_password": PASSWORD,
        "new_password1": NEW_PASSWORD,
        "new_password2": NEW_PASSWORD,
    }
    response = client.post(CHANGE_PASSWORD, typed, follow=True)
    assert "Your password is changed." in response.text
    assert is_signed_in(client)
    student.refresh_from_db()
    assert student.check_password(NEW_PASSWORD)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"old_password": "wrong"}, "old_password"),
        ({"new_password2": "different words here"}, "new_password2"),
        ({"new_password1": "12345", "new_password2": "12345"}, "new_password2"),
        ({"new_password1": "student1", "new_password2": "student1"}, "new_password2"),
        ({"new_password1": "", "new_password2": ""}, "new_password1"),
    ],
    ids=str,
)
def test_password_change_refused_keeps_the_old_one(typed, field, client, student):
    client.force_login(student)
    right = {
        "old_password": PASSWORD,
        "new_password1": NEW_PASSWORD,
        "new_password2": NEW_PASSWORD,
    }
    response = client.post(CHANGE_PASSWORD, {**right, **typed})
    assert field in response.context["form"].errors
    student.refresh_from_db()
    assert student.check_password(PASSWORD)
