"""Accounts in the Django admin, through its pages."""

import re
from urllib.parse import urljoin

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.enums import Role
from accounts.models import User
from accounts.tests.admin_pages import browser_of, messages_of, run_action, text_of
from accounts.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

USERS = "accounts_user"
LIST = reverse("admin:accounts_user_changelist")
ADD = reverse("admin:accounts_user_add")
NO_INLINES = {"enrollments-TOTAL_FORMS": 0, "enrollments-INITIAL_FORMS": 0}
NEW_PERSON = {
    **NO_INLINES,
    "username": "ada",
    "full_name": "Ada Lovelace",
    "email": "",
    "role": Role.CONFIGURATOR,
    "usable_password": "true",
    "password1": "purple monkey dishwasher",
    "password2": "purple monkey dishwasher",
}


@pytest.fixture
def browser(admin):
    return browser_of(admin)


def change_page(user):
    return reverse("admin:accounts_user_change", args=[user.pk])


def change(browser, user, **changes):
    """Open a user's page, change some fields and save."""
    form = browser.get(change_page(user)).context["adminform"].form
    typed = {name: form[name].value() for name in ("username", "full_name", "email", "role")}
    typed["is_active"] = "on" if user.is_active else ""
    merged = {**typed, **NO_INLINES, **changes}
    sent = {name: "" if value is None else value for name, value in merged.items()}
    return browser.post(change_page(user), sent, follow=True)


@pytest.mark.parametrize(
    ("visitor", "is_let_in"),
    [(None, False), ("student", False), ("configurator", False), ("admin", True)],
)
@pytest.mark.parametrize(
    "page", ["index", "accounts_user_changelist", "accounts_user_import", "accounts_user_export"]
)
def test_admin_site_lets_only_admins_in(visitor, is_let_in, page, client, request):
    if visitor:
        client.force_login(request.getfixturevalue(visitor))
    response = client.get(reverse(f"admin:{page}"))
    if is_let_in:
        assert response.status_code == 200
    else:
        assert response.status_code == 302
        assert "login" in response.url or "sign-in" in response.url


def test_admin_site_locks_out_a_deactivated_admin(browser, admin):
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert browser.get(LIST).status_code == 302


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "LOVE"}, {"ada"}),
        ({"q": "grace@"}, {"grace"}),
        ({"q": "nobody"}, set()),
        ({"q": "nul\x00"}, {"ada", "grace", "admin"}),
        ({"role__exact": "configurator"}, {"grace"}),
        ({"is_active__exact": "0"}, {"ada"}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_user_list_search_and_filters(query, names, browser):
    UserFactory(username="ada", full_name="Ada Lovelace", is_active=False)
    UserFactory(username="grace", full_name="Grace Hopper", configurator=True)
    User.objects.filter(username="admin").update(full_name="")
    found = browser.get(LIST, query).context["cl"].result_list
    assert {user.username for user in found} == names


def test_user_list_takes_as_many_queries_for_three_as_for_one(
    admin, browser, django_assert_num_queries
):
    with django_assert_num_queries(7):
        browser.get(LIST)
    UserFactory.create_batch(2)
    with django_assert_num_queries(7):
        browser.get(LIST)


@pytest.mark.parametrize(("action", "is_active"), [("activate", True), ("deactivate", False)])
def test_action_changes_the_selected_users_only(action, is_active, browser):
    first, second, other = UserFactory.create_batch(3, is_active=not is_active)
    response = run_action(browser, USERS, action, [first, second])
    assert messages_of(response) == ["2 accounts changed."]
    assert User.objects.get(pk=first.pk).is_active is is_active
    assert User.objects.get(pk=other.pk).is_active is not is_active


def test_action_never_deactivates_the_last_admin(browser, admin, student):
    response = run_action(browser, USERS, "deactivate", [student, admin])
    assert "last active admin" in messages_of(response)[0]
    assert User.objects.active().count() == User.objects.count()


@pytest.fixture
def guess(client, settings):
    """Have somebody guess the password of a user until that name is locked out."""

    def guess(user, times=3):
        for _i in range(times):
            typed = {"username": user.username.upper(), "password": "wrong"}
            client.post(reverse("accounts:sign_in"), typed)

    settings.AXES_FAILURE_LIMIT = 3
    return guess


def locked_out_in(page):
    """The names that the list marks as locked out."""
    icon = r'field-is_locked_out"><img src="[^"]*icon-yes'
    return set(
        re.findall(rf'field-username">.*?>([^<]+)</a>(?:(?!</tr>).)*{icon}', page.text, re.S)
    )


def test_user_list_marks_who_is_locked_out(browser, guess, student):
    guess(UserFactory(username="locked"))
    guess(UserFactory(username="forgetful"), times=2)
    assert locked_out_in(browser.get(LIST)) == {"locked"}


def test_action_lifts_the_lockout_of_the_selected_users_only(browser, guess, client, student):
    locked, other = UserFactory(username="locked"), UserFactory(username="other")
    guess(locked)
    guess(other)
    response = run_action(browser, USERS, "lift_lockout", [locked, student])
    assert messages_of(response) == ["1 lockout lifted."]
    assert locked_out_in(response) == {"other"}
    typed = {"username": "locked", "password": PASSWORD}
    assert client.post(reverse("accounts:sign_in"), typed).status_code == 302
    assert (
        Client().post(reverse("accounts:sign_in"), typed | {"username": "other"}).status_code == 429
    )


def test_action_says_where_there_is_no_lockout_to_lift(browser, student):
    response = run_action(browser, USERS, "lift_lockout", [student])
    assert messages_of(response) == ["0 lockouts lifted."]


@pytest.mark.parametrize("changes", [{"is_active": ""}, {"role": "student"}], ids=str)
def test_user_page_never_takes_the_last_admin_away(changes, browser, admin):
    response = change(browser, admin, **changes)
    assert "last active admin" in text_of(response)
    admin.refresh_from_db()
    assert admin.is_staff


def test_user_page_changes_a_user(browser, student):
    response = change(browser, student, full_name="Ada", email="", role="configurator")
    assert "was changed successfully" in messages_of(response)[0]
    student.refresh_from_db()
    assert (student.full_name, student.email) == ("Ada", None)
    assert student.role == Role.CONFIGURATOR


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"username": "ADMIN"}, "username exists already"),
        ({"username": ""}, "required"),
        ({"email": "ADMIN@example.org"}, "e-mail address exists already"),
        ({"full_name": "nul\x00"}, "Null characters"),
        ({"role": "teacher"}, "valid choice"),
    ],
    ids=str,
)
def test_user_page_refuses_what_cannot_be(changes, message, browser, student):
    before = User.objects.values().get(pk=student.pk)
    response = change(browser, student, **changes)
    assert message in text_of(response)
    assert User.objects.values().get(pk=student.pk) == before


def test_add_user_makes_an_account_that_can_sign_in(browser, client):
    browser.post(ADD, NEW_PERSON)
    user = User.objects.get(username="ada")
    assert (user.role, user.email) == (Role.CONFIGURATOR, None)
    assert client.login(username="ada", password=NEW_PERSON["password1"])


def test_add_user_without_a_password_makes_one_that_cannot(browser):
    blank = {"usable_password": "false", "password1": "", "password2": ""}
    browser.post(ADD, {**NEW_PERSON, **blank})
    assert not User.objects.get(username="ada").has_usable_password()


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"username": "ADMIN"}, "username exists already"),
        ({"email": "Admin@Example.org"}, "e-mail address exists already"),
        ({"password2": "something else entirely"}, "The two password fields"),
        ({"password1": "12345", "password2": "12345"}, "too short"),
        ({"role": ""}, "required"),
    ],
    ids=str,
)
def test_add_user_refused_says_why_and_makes_nobody(typed, message, browser):
    response = browser.post(ADD, {**NEW_PERSON, **typed})
    assert message in text_of(response)
    assert User.objects.count() == 1


def test_user_page_leads_to_the_password_reset(browser, student):
    (link,) = re.findall(r'href="([^"]*password/)"', browser.get(change_page(student)).text)
    response = browser.get(urljoin(change_page(student), link))
    assert response.context["original"] == student


def test_password_reset_by_an_admin_lets_the_user_in_with_the_new_one(browser, student, client):
    address = reverse("admin:auth_user_password_change", args=[student.pk])
    new = {"password1": "purple monkey dishwasher", "password2": "purple monkey dishwasher"}
    assert "Change password" in text_of(browser.get(address))
    browser.post(address, {**new, "usable_password": "true"})
    assert not client.login(username="student", password=PASSWORD)
    assert client.login(username="student", password=new["password1"])


def test_delete_action_spares_the_admin_who_asks(browser, admin, student):
    run_action(browser, USERS, "delete_selected", [admin, student], post="yes")
    assert User.objects.filter(pk=admin.pk).exists()


def test_delete_page_of_oneself_is_forbidden(browser, admin):
    address = reverse("admin:accounts_user_delete", args=[admin.pk])
    assert browser.get(address).status_code == 403
    assert browser.post(address, {"post": "yes"}).status_code == 403


def test_delete_page_removes_a_user(browser, student):
    address = reverse("admin:accounts_user_delete", args=[student.pk])
    assert "Are you sure" in text_of(browser.get(address))
    browser.post(address, {"post": "yes"})
    assert not User.objects.filter(pk=student.pk).exists()


@pytest.mark.django_db
def test_sign_in_of_the_admin_site_is_limited_as_the_others(client, settings):
    cache.clear()
    settings.THROTTLES = {**settings.THROTTLES, "sign_in": "3/min"}
    typed = {"username": "nobody", "password": "wrong"}
    answers = [client.post("/admin/login/", typed).text for _i in range(4)]
    assert ["Too many attempts" in text for text in answers] == [False, False, False, True]
    cache.clear()
