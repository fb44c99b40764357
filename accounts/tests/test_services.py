"""Making accounts, and never locking everybody out."""

import pytest

from accounts.enums import Role
from accounts.errors import DomainError
from accounts.models import User
from accounts.services import create_user, save_user, set_active
from accounts.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


def test_create_user_stores_a_hash_of_the_password(admin):
    user = create_user(username="ada", password=PASSWORD, full_name="Ada", by=admin)
    user.refresh_from_db()
    assert user.role == Role.STUDENT
    assert user.check_password(PASSWORD)
    assert PASSWORD not in user.password


def test_create_user_without_a_password_cannot_sign_in(client, admin):
    create_user(username="ada", password=None, by=admin)
    assert not client.login(username="ada", password="")


def test_create_user_by_a_configurator_is_never_an_admin(configurator):
    create_user(username="colleague", password=None, role=Role.CONFIGURATOR, by=configurator)
    with pytest.raises(DomainError) as refusal:
        create_user(username="boss", password=None, role=Role.ADMIN, by=configurator)
    assert (refusal.value.code, refusal.value.field) == ("forbidden_role", "role")
    assert not User.objects.filter(username="boss").exists()


@pytest.mark.parametrize("by", ["student", "nobody"])
def test_create_user_needs_a_configurator(by, student):
    user = student if by == "student" else UserFactory(configurator=True, is_active=False)
    with pytest.raises(DomainError, match="admin"):
        create_user(username="friend", password=None, by=user)


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"username": ""}, "username", "blank"),
        ({"username": "TAKEN"}, "__all__", "exists already"),
        ({"username": "taken"}, "username", "exists already"),
        ({"username": "two words"}, "username", "valid username"),
        ({"username": "nul\x00"}, "username", "valid username"),
        ({"username": "a" * 101}, "username", "at most 100"),
        ({"email": "Taken@Example.org"}, "__all__", "e-mail address exists already"),
        ({"email": "nonsense"}, "email", "valid email"),
        ({"role": "teacher"}, "role", "not a valid choice"),
        ({"full_name": "a" * 256}, "full_name", "at most 255"),
    ],
    ids=str,
)
def test_create_user_invalid_names_the_field(fields, field, message, admin):
    UserFactory(username="taken", email="taken@example.org")
    with pytest.raises(DomainError, match=message) as refusal:
        create_user(**{"username": "new", "password": None, "by": admin, **fields})
    assert (refusal.value.code, refusal.value.field) == ("invalid", field)
    assert User.objects.count() == 2


@pytest.mark.parametrize("change", [{"role": Role.STUDENT}, {"is_active": False}], ids=str)
def test_save_user_the_last_active_admin_stays(change, admin):
    UserFactory(admin=True, is_active=False)
    for name, value in change.items():
        setattr(admin, name, value)
    with pytest.raises(DomainError) as refusal:
        save_user(admin)
    assert refusal.value.code == "last_admin"
    admin.refresh_from_db()
    assert admin.is_staff


def test_save_user_one_of_two_admins_may_step_down(admin):
    UserFactory(admin=True)
    admin.role = Role.CONFIGURATOR
    save_user(admin)
    admin.refresh_from_db()
    assert admin.role == Role.CONFIGURATOR


def test_set_active_counts_only_those_who_changed():
    UserFactory()
    UserFactory(is_active=False)
    users = list(User.objects.all())
    assert set_active(users, is_active=False) == 1
    assert not User.objects.active().exists()
    assert set_active(users, is_active=True) == 2
    assert User.objects.active().count() == 2


def test_set_active_refused_changes_nobody(admin, student):
    with pytest.raises(DomainError) as refusal:
        set_active([student, admin], is_active=False)
    assert refusal.value.code == "last_admin"
    student.refresh_from_db()
    assert student.is_active


def test_set_active_two_last_admins_at_once_are_refused(admin):
    other = UserFactory(admin=True)
    with pytest.raises(DomainError):
        set_active([admin, other], is_active=False)
    assert User.objects.active().filter(role=Role.ADMIN).count() == 2
