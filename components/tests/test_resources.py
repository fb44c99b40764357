"""Enrollments from and to CSV files, through the admin's import and export pages."""

import tempfile

import pytest

from accounts.tests.admin_pages import (
    browser_of,
    confirm,
    export_file,
    import_file,
    messages_of,
    text_of,
    upload,
)
from accounts.tests.factories import UserFactory
from components.models import Enrollment
from components.services import enroll_student
from components.tests.factories import ComponentFactory, EnrollmentFactory

pytestmark = pytest.mark.django_db

ENROLLMENTS = "components_enrollment"


@pytest.fixture
def browser(admin, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return browser_of(admin)


@pytest.fixture
def biology():
    return ComponentFactory(name="Biology")


@pytest.fixture
def ada():
    return UserFactory(username="ada", email="ada@example.org")


def places():
    return set(Enrollment.objects.values_list("student__username", "component__name"))


@pytest.mark.parametrize("student", ["ada", " ADA ", "ada@example.org", "Ada@Example.Org"])
def test_import_enrolls_by_username_or_address(student, browser, biology, ada):
    response = import_file(browser, ENROLLMENTS, f"student,component\n{student},Biology\n")
    assert "1 new, 0 updated" in messages_of(response)[0]
    assert places() == {("ada", "Biology")}


def test_import_takes_the_id_of_a_component_before_its_name(browser, biology, ada):
    ComponentFactory(name="Biology")
    text = f"student,component,component_id\nada,whatever,{biology.pk}\n"
    import_file(browser, ENROLLMENTS, text)
    assert Enrollment.objects.get().component == biology


def test_import_preview_shows_the_places_and_changes_nothing(browser, biology, ada):
    response = upload(browser, ENROLLMENTS, "student,component\nada,Biology\n")
    assert "New ada Biology" in text_of(response)
    assert not places()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (",Biology,", "There is no user “”."),
        ("nobody,Biology,", "There is no user “nobody”."),
        ("teacher,Biology,", "teacher is not a student."),
        ("ada,Physics,", "There is no component “Physics”."),
        ("ada,,", "There is no component “”."),
        ("ada,,nonsense", "“nonsense” is no component's id."),
        ("ada,,00000000-0000-0000-0000-000000000000", "There is no component “0000"),
        ("ada,Twice,", "Several components are named “Twice”"),
        ("grace,Biology,", "grace is enrolled already."),
        ("new,Biology,", "new is enrolled already."),
        ("nul\x00,Biology,", "NUL character"),
    ],
)
def test_import_of_a_bad_row_names_it_and_imports_nothing(row, message, browser, biology, ada):
    UserFactory(username="teacher", configurator=True)
    UserFactory(username="new")
    UserFactory(username="grace", enrolled_in=biology)
    ComponentFactory.create_batch(2, name="Twice")
    text = f"student,component,component_id\nnew,Biology,\n{row}\n"
    response = upload(browser, ENROLLMENTS, text)
    assert [bad.number for bad in response.context["result"].invalid_rows] == [2]
    assert message in text_of(response)
    assert "confirm_form" not in response.context
    assert places() == {("grace", "Biology")}


def test_import_without_a_column_of_students_says_so(browser):
    response = upload(browser, ENROLLMENTS, "username,component\nada,Biology\n")
    assert "has no column “student”" in text_of(response)
    assert "Traceback" not in response.text


def test_import_takes_a_username_before_somebody_elses_address(browser, biology):
    UserFactory(username="a-first", email="ada@example.org")
    UserFactory(username="ada@example.org", email=None)
    import_file(browser, ENROLLMENTS, "student,component\nada@example.org,Biology\n")
    assert places() == {("ada@example.org", "Biology")}


def test_import_confirmed_too_late_imports_nothing_and_says_so(browser, biology, ada):
    UserFactory(username="grace")
    preview = upload(browser, ENROLLMENTS, "student,component\ngrace,Biology\nada,Biology\n")
    enroll_student(biology, ada, by=None)
    response = confirm(browser, ENROLLMENTS, preview)
    assert "Nothing was imported" in messages_of(response)[0]
    assert places() == {("ada", "Biology")}


def test_export_lists_students_and_components(browser, biology, ada):
    EnrollmentFactory(component=biology, student=ada)
    assert export_file(browser, ENROLLMENTS).splitlines() == [
        "student,component,component_id",
        f"ada,Biology,{biology.pk}",
    ]


def test_export_imported_again_restores_the_enrollments(browser, ada):
    component = ComponentFactory(name="=1+1, “quoted”")
    EnrollmentFactory(component=component, student=ada)
    text = export_file(browser, ENROLLMENTS)
    assert ",=1" not in text
    assert '"=1' not in text
    Enrollment.objects.all().delete()
    import_file(browser, ENROLLMENTS, text)
    assert places() == {("ada", "=1+1, “quoted”")}
