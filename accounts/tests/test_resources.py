"""Users from and to CSV files, through the admin's import and export pages."""

import tempfile

import pytest
from django.urls import reverse

from accounts.enums import Role
from accounts.models import User
from accounts.tests.admin_pages import (
    browser_of,
    confirm,
    export_file,
    import_file,
    messages_of,
    text_of,
    upload,
)
from accounts.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

USERS = "accounts_user"


@pytest.fixture
def browser(admin):
    return browser_of(admin)


@pytest.fixture(autouse=True)
def uploads(tmp_path, monkeypatch):
    """The folder where uploaded files wait to be confirmed."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_import_makes_the_users_of_the_file(browser, client):
    text = (
        "username,full_name,email,role,is_active,password\n"
        " ada ,Ada Lovelace,ada@example.org,Configurator,1,purple monkey dishwasher\n"
        "grace,,,,,\n"
    )
    response = import_file(browser, USERS, text)
    assert messages_of(response) == [
        "Import finished: 2 new, 0 updated, 0 deleted and 0 skipped users."
    ]
    ada, grace = User.objects.get(username="ada"), User.objects.get(username="grace")
    assert (ada.full_name, ada.email) == ("Ada Lovelace", "ada@example.org")
    assert (ada.role, grace.role) == (Role.CONFIGURATOR, Role.STUDENT)
    assert (grace.email, grace.has_usable_password()) == (None, False)
    assert client.login(username="ada", password="purple monkey dishwasher")


def test_import_preview_shows_the_users_and_changes_nothing(browser):
    response = upload(browser, USERS, "username,full_name,password\nada,<b>Ada</b>,secret words\n")
    assert "New ada <b>Ada</b>" in text_of(response)
    assert "&lt;b&gt;Ada&lt;/b&gt;" in response.text
    assert "secret words" not in response.text
    assert not User.objects.filter(username="ada").exists()


def test_import_updates_a_user_whatever_the_case_of_the_name(browser, student):
    preview = upload(browser, USERS, "username,full_name,email\nSTUDENT,Ada,\n")
    assert "Update student " in text_of(preview)
    confirm(browser, USERS, preview)
    email = student.email
    student.refresh_from_db()
    assert (student.username, student.full_name, student.email) == ("student", "Ada", email)
    assert student.check_password(PASSWORD)


def test_import_of_a_password_alone_changes_it(browser, student):
    import_file(browser, USERS, "username,password\nstudent,purple monkey dishwasher\n")
    student.refresh_from_db()
    assert student.check_password("purple monkey dishwasher")


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("username,role", ",student", "A row needs a username."),
        ("username,role", "ada,teacher", "“teacher” is no role; allowed: student, configurator"),
        ("username,email", "ada,nonsense", "Enter a valid email address."),
        ("username,email", "ada,ADMIN@example.org", "e-mail address exists already"),
        ("username,full_name", "two words,Ada", "Enter a valid username."),
        ("username,full_name", f"{'a' * 101},Ada", "at most 100 characters"),
        ("username,full_name", f"ada,{'a' * 256}", "at most 255 characters"),
        ("username,full_name", "ada,nul\x00", "NUL character"),
        ("username,is_active", "ada,maybe", "“maybe” is neither yes nor no"),
        ("username,role", "admin,student", "last active admin"),
        ("username,is_active", "admin,0", "last active admin"),
    ],
)
def test_import_of_a_bad_row_names_it_and_imports_nothing(header, row, message, browser):
    before = set(User.objects.values_list("username", "role", "is_active"))
    response = upload(browser, USERS, f"{header}\nfine,\n{row}\nfine2,\n")
    assert [bad.number for bad in response.context["result"].invalid_rows] == [2]
    assert message in text_of(response)
    assert "confirm_form" not in response.context
    assert set(User.objects.values_list("username", "role", "is_active")) == before


def test_import_refuses_the_second_of_two_rows_with_one_address(browser):
    text = "username,email\nada,a@example.org\ngrace,A@example.org\n"
    response = upload(browser, USERS, text)
    assert [bad.number for bad in response.context["result"].invalid_rows] == [2]


@pytest.mark.parametrize(
    ("cell", "is_active"),
    [("1", True), ("yes", True), ("TRUE", True), ("", True), ("0", False), ("no", False)],
)
def test_import_reads_is_active_in_the_usual_words(cell, is_active, browser):
    import_file(browser, USERS, f"username,is_active\nada,{cell}\n")
    assert User.objects.get(username="ada").is_active is is_active


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "The submitted file is empty"),
        ("username\n", "No valid data to import"),
        ("name,role\nada,student\n", "has no column “username”"),
        ("username;role\nada;student\n", "has no column “username”"),
        ("username,role\nada,student,1,2,3\n", "encountered while trying to read file"),
        (b"username\n\xff\xfe\n", "encountered while trying to read file"),
    ],
    ids=["empty", "no-rows", "no-column", "semicolons", "ragged", "not-utf8"],
)
def test_import_of_no_table_of_users_says_so(content, message, browser):
    response = upload(browser, USERS, content)
    assert message in text_of(response)
    assert "Traceback" not in response.text
    assert "confirm_form" not in response.context


def test_import_reads_a_file_with_a_byte_order_mark(browser):
    import_file(browser, USERS, "\ufeffusername,full_name\nada,Ada Lovelace\n".encode())
    assert User.objects.get(username="ada").full_name == "Ada Lovelace"


def test_import_confirmed_too_late_imports_nothing_and_says_so(browser):
    preview = upload(browser, USERS, "username,email\nada,a@example.org\ngrace,g@example.org\n")
    UserFactory(username="other", email="g@example.org")
    response = confirm(browser, USERS, preview)
    assert "Nothing was imported" in messages_of(response)[0]
    assert not User.objects.filter(username="ada").exists()


def test_import_confirmed_twice_imports_once(browser):
    preview = upload(browser, USERS, "username\nada\n")
    confirm(browser, USERS, preview)
    response = confirm(browser, USERS, preview)
    assert "imported already" in messages_of(response)[0]
    assert User.objects.filter(username="ada").count() == 1


@pytest.mark.parametrize("row", ["ada,purple monkey dishwasher", ",purple monkey dishwasher"])
def test_import_leaves_no_file_with_passwords_behind(row, browser, uploads):
    preview = upload(browser, USERS, f"username,password\n{row}\n")
    if "confirm_form" in preview.context:
        confirm(browser, USERS, preview)
    assert not list(uploads.iterdir())


@pytest.mark.parametrize("page", ["import", "process_import", "export"])
@pytest.mark.parametrize("visitor", ["student", "configurator"])
def test_import_and_export_are_for_admins_only(page, visitor, request):
    browser = browser_of(request.getfixturevalue(visitor))
    response = browser.post(reverse(f"admin:{USERS}_{page}"), {"format": "0"})
    assert response.status_code == 302
    assert "login" in response.url


def test_export_holds_everybody_and_no_password(browser, student):
    text = export_file(browser, USERS)
    header, *rows = text.splitlines()
    assert header == "username,full_name,email,role,is_active,password"
    assert [row.split(",")[0] for row in rows] == ["admin", "configurator", "student"]
    assert student.password not in text


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_export_writes_no_formula_and_an_import_reads_the_same_again(start, browser):
    formula = f"{start}HYPERLINK(1)"
    username = "ann" if start == "=" else f"{start}ann"
    user = UserFactory(username=username, full_name=formula, email=None)
    text = export_file(browser, USERS)
    assert f",'{formula}," in text
    assert f"\n{start}" not in text
    assert not text.startswith(start)
    import_file(browser, USERS, text)
    user.refresh_from_db()
    assert user.full_name == formula
    assert User.objects.count() == 2


def test_export_imported_again_changes_nothing(browser, student):
    UserFactory(username="gone", email=None, full_name="Ö, “quoted”", is_active=False)
    columns = ("username", "full_name", "email", "role", "is_active", "password")
    before = list(User.objects.values_list(*columns))
    import_file(browser, USERS, export_file(browser, USERS))
    assert list(User.objects.values_list(*columns)) == before
