"""What a user is, and what the database refuses."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction

from accounts.enums import Role
from accounts.models import User
from accounts.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "fields",
    [
        {"username": "ADA"},
        {"email": "ADA@Example.org"},
        {"email": ""},
        {"role": "teacher"},
    ],
    ids=str,
)
def test_user_impossible_row_is_refused_by_the_database(fields):
    UserFactory(username="ada", email="ada@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(**fields)


def test_user_email_may_be_missing_for_many():
    UserFactory(email=None)
    UserFactory(email=None)
    assert User.objects.filter(email=None).count() == 2


@pytest.mark.parametrize("email", ["", None])
def test_user_empty_email_is_cleaned_to_null(email):
    user = UserFactory.build(email=email)
    user.clean()
    assert user.email is None


def test_user_keeps_the_case_of_name_and_address():
    user = UserFactory(username="Ada", email="Ada@example.org")
    user.refresh_from_db()
    assert (user.username, user.email) == ("Ada", "Ada@example.org")


@pytest.mark.parametrize("typed", ["ada", "Ada", "ADA"])
def test_natural_key_ignores_case(typed):
    ada = UserFactory(username="Ada")
    assert User.objects.get_by_natural_key(typed) == ada


@pytest.mark.parametrize("name", ["Özlem", "nikoς", "ıan"])  # noqa: RUF001
def test_natural_key_tells_apart_letters_that_only_share_their_upper_case(name):
    UserFactory(username="nikoσ")  # noqa: RUF001
    UserFactory(username="ian")
    found = UserFactory(username=name)
    assert User.objects.get_by_natural_key(name) == found


@pytest.mark.parametrize("name", [None, "", "nobody", "%", "ad_"])
def test_natural_key_of_nobody_does_not_exist(name):
    UserFactory(username="ada")
    with pytest.raises(User.DoesNotExist):
        User.objects.get_by_natural_key(name)


@pytest.mark.parametrize(
    ("full_name", "shown"), [("Ada Lovelace", "Ada Lovelace"), ("", "ada")], ids=["full", "bare"]
)
def test_display_name_falls_back_to_the_username(full_name, shown):
    user = UserFactory.build(username="ada", full_name=full_name)
    assert (user.display_name, str(user)) == (shown, shown)


@pytest.mark.parametrize(
    ("role", "is_active", "is_let_in"),
    [
        (Role.ADMIN, True, True),
        (Role.ADMIN, False, False),
        (Role.CONFIGURATOR, True, False),
        (Role.STUDENT, True, False),
    ],
)
def test_user_only_an_active_admin_may_use_the_admin_site(role, is_active, is_let_in):
    user = UserFactory.build(role=role, is_active=is_active)
    assert user.is_staff is is_let_in
    assert user.is_superuser is is_let_in
    assert user.has_perm("accounts.change_user") is is_let_in
    assert user.has_perms(["accounts.change_user"]) is is_let_in
    assert user.has_module_perms("accounts") is is_let_in


@pytest.mark.parametrize(
    ("viewer", "seen"),
    [
        ({"role": Role.ADMIN}, {"viewer", "other"}),
        ({"role": Role.CONFIGURATOR}, {"viewer", "other"}),
        ({"role": Role.STUDENT}, {"viewer"}),
        ({"role": Role.ADMIN, "is_active": False}, set()),
        ({"role": Role.STUDENT, "is_active": False}, set()),
    ],
    ids=["admin", "configurator", "student", "inactive-admin", "inactive-student"],
)
def test_users_visible_to_staff_are_all_and_to_others_themselves(viewer, seen):
    user = UserFactory(username="viewer", **viewer)
    UserFactory(username="other")
    assert set(User.objects.visible_to(user).values_list("username", flat=True)) == seen


def test_users_visible_to_a_visitor_are_none(student):
    assert not User.objects.visible_to(AnonymousUser()).exists()


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("LOVE", True),
        ("ada@", True),
        ("countess", True),
        ("babbage", False),
        ("%", False),
        ("_", False),
    ],
)
def test_users_search_looks_in_name_username_and_address(text, is_found):
    UserFactory(username="countess", full_name="Ada Lovelace", email="ada@example.org")
    assert User.objects.search(text).exists() is is_found


def test_create_superuser_makes_an_admin_who_can_sign_in():
    user = User.objects.create_superuser("root", "correct horse battery", email="root@example.org")
    assert user.is_staff
    assert user.check_password("correct horse battery")


def test_users_by_kind(student, configurator):
    UserFactory(username="gone", is_active=False)
    assert set(User.objects.students().values_list("username", flat=True)) == {"student", "gone"}
    assert not User.objects.active().filter(username="gone").exists()
