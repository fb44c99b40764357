"""Every rule and every refusal of the writes to components."""

import copy
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Role
from accounts.errors import ConflictError, DomainError
from accounts.tests.factories import UserFactory
from components import services
from components.models import Component, Enrollment, Entry, Rubric
from components.tests.factories import RUBRIC, ComponentFactory, EnrollmentFactory, EntryFactory
from grading.tests.factories import make_submission

pytestmark = pytest.mark.django_db

OTHER_RUBRIC = {**RUBRIC, "criteria": [{"text": "One", "marks": 1}, {"text": "Two", "marks": 2}]}
HOSTILE = "<p>Read<script>alert(1)</script></p>"


def refusal_of(change, *args, **kwargs):
    with pytest.raises(DomainError) as refusal:
        change(*args, **kwargs)
    return refusal.value


def test_create_component_puts_its_maker_in_charge(configurator):
    component = services.create_component(
        name=" Biology ", general_instructions=HOSTILE, by=configurator
    )
    component.refresh_from_db()
    assert (component.name, component.general_instructions) == ("Biology", "<p>Read</p>")
    assert component.created_by == configurator
    assert list(component.configurators.all()) == [configurator]


@pytest.mark.parametrize("fields", [{"role": Role.STUDENT}, {"is_active": False}], ids=str)
def test_create_component_needs_an_active_configurator(fields):
    user = UserFactory(**{"role": Role.CONFIGURATOR, **fields})
    assert refusal_of(services.create_component, name="Biology", by=user).code == "forbidden"
    assert not Component.objects.exists()


@pytest.mark.parametrize("name", ["", "  ", "a" * 256])
def test_create_component_needs_a_name(name, configurator):
    refusal = refusal_of(services.create_component, name=name, by=configurator)
    assert (refusal.code, refusal.field) == ("invalid", "name")
    assert not Component.objects.exists()


def test_update_component_changes_what_is_given_only(component, configurator):
    services.update_component(component, by=configurator, name=" Chemistry ")
    component.refresh_from_db()
    assert component.name == "Chemistry"
    assert component.general_instructions == "<p>Read the rubric first.</p>"
    services.update_component(component, by=configurator, general_instructions=HOSTILE)
    component.refresh_from_db()
    assert (component.name, component.general_instructions) == ("Chemistry", "<p>Read</p>")


def test_create_entry_with_a_rubric(component, configurator):
    entry = services.create_entry(
        component, title=" Plants ", instructions=HOSTILE, rubric_definition=RUBRIC, by=configurator
    )
    entry.refresh_from_db()
    assert (entry.title, entry.instructions) == ("Plants", "<p>Read</p>")
    assert (entry.rubric_definition, entry.created_by) == (RUBRIC, configurator)


@pytest.mark.parametrize("definition", [None, {}])
def test_create_entry_without_a_rubric(definition, component, configurator):
    entry = services.create_entry(
        component, title="Plants", rubric_definition=definition, by=configurator
    )
    assert entry.rubric is None


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"title": " "}, "invalid", "title"),
        ({"title": "a" * 256}, "invalid", "title"),
        ({"rubric_definition": {"criteria": 1}}, "invalid_rubric", "rubric_definition"),
        ({"rubric_definition": [1]}, "invalid_rubric", "rubric_definition"),
        ({"rubric_definition": "x"}, "invalid_rubric", "rubric_definition"),
    ],
    ids=str,
)
def test_create_entry_refused_stores_nothing(fields, code, field, component, configurator):
    refusal = refusal_of(
        services.create_entry, component, **{"title": "Plants", **fields}, by=configurator
    )
    assert (refusal.code, refusal.field) == (code, field)
    assert not Entry.objects.exists()


def test_update_entry_changes_what_is_given_only(entry, configurator):
    title = entry.title
    services.update_entry(entry, by=configurator, instructions=HOSTILE)
    entry.refresh_from_db()
    assert (entry.title, entry.instructions) == (title, "<p>Read</p>")
    assert entry.rubric_definition == RUBRIC


@pytest.mark.parametrize("is_hidden", [True, False])
def test_update_entry_hides_the_rubric_or_shows_it(is_hidden, entry, configurator):
    entry.is_rubric_hidden = not is_hidden
    entry.save()
    services.update_entry(entry, by=configurator, title=" Leaves ", is_rubric_hidden=is_hidden)
    entry.refresh_from_db()
    assert (entry.title, entry.is_rubric_hidden) == ("Leaves", is_hidden)


def test_update_entry_takes_no_other_thing_for_a_yes_or_no(entry, configurator):
    refusal = refusal_of(services.update_entry, entry, by=configurator, is_rubric_hidden="perhaps")
    assert (refusal.code, refusal.field) == ("invalid", "is_rubric_hidden")


def test_create_entry_that_hides_its_rubric(component, configurator):
    entry = services.create_entry(
        component, title="Plants", rubric_definition=RUBRIC, is_rubric_hidden=True, by=configurator
    )
    entry.refresh_from_db()
    assert entry.is_rubric_hidden


@pytest.mark.parametrize("change", [services.update_component, services.update_entry])
def test_update_refused_keeps_what_was_there(change, entry, configurator):
    is_entry = change is services.update_entry
    field = "title" if is_entry else "name"
    target = entry if is_entry else entry.component
    before = getattr(target, field)
    assert refusal_of(change, target, by=configurator, **{field: ""}).field == field
    target.refresh_from_db()
    assert getattr(target, field) == before


def test_delete_component_takes_its_entries_along(entry, student, configurator):
    services.delete_component(entry.component, by=configurator)
    assert not Entry.objects.exists()
    assert not Enrollment.objects.exists()


def test_delete_entry_leaves_the_others(entry, configurator):
    other = EntryFactory(component=entry.component)
    services.delete_entry(entry, by=configurator)
    assert list(Entry.objects.all()) == [other]


def test_find_rubric_gives_one_row_for_one_content():
    spelled: Any = copy.deepcopy(RUBRIC)
    spelled["criteria"][0].update(weight=1, marks="10.0")
    assert services.find_rubric(RUBRIC) == services.find_rubric(spelled)
    assert services.find_rubric(OTHER_RUBRIC) != services.find_rubric(RUBRIC)
    assert Rubric.objects.count() == 2


def test_set_rubric_gives_the_entry_a_new_row_and_keeps_the_old(entry, configurator):
    old = entry.rubric
    changed = services.set_rubric(entry, OTHER_RUBRIC, expected_revision=0, by=configurator)
    entry.refresh_from_db()
    assert entry.rubric == changed.rubric
    assert entry.rubric_definition == OTHER_RUBRIC
    assert entry.rubric_revision == changed.rubric_revision == 1
    assert Rubric.objects.filter(pk=old.pk).exists()


def test_set_rubric_of_the_same_content_changes_nothing(entry, configurator):
    before = Entry.objects.values().get()
    services.set_rubric(entry, RUBRIC, expected_revision=0, by=configurator)
    assert Entry.objects.values().get() == before


@pytest.mark.parametrize("empty", [{}, {"criteria": [], "performance_levels": []}], ids=str)
def test_set_rubric_empty_takes_it_away(empty, entry, configurator):
    services.set_rubric(entry, empty, expected_revision=0, by=configurator)
    entry.refresh_from_db()
    assert (entry.rubric, entry.rubric_revision) == (None, 1)


@pytest.mark.parametrize("revision", [0, 2, -1, 10**30])
def test_set_rubric_stale_is_a_conflict_that_changes_nothing(revision, entry, configurator):
    services.set_rubric(entry, OTHER_RUBRIC, expected_revision=0, by=configurator)
    refusal = refusal_of(
        services.set_rubric, entry, RUBRIC, expected_revision=revision, by=configurator
    )
    assert (refusal.code, type(refusal)) == ("stale_rubric", ConflictError)
    entry.refresh_from_db()
    assert (entry.rubric_definition, entry.rubric_revision) == (OTHER_RUBRIC, 1)


def test_set_rubric_without_a_revision_replaces_whatever_is_there(entry, configurator):
    services.set_rubric(entry, OTHER_RUBRIC, expected_revision=0, by=configurator)
    services.set_rubric(entry, RUBRIC, expected_revision=None, by=configurator)
    entry.refresh_from_db()
    assert (entry.rubric_definition, entry.rubric_revision) == (RUBRIC, 2)


def test_set_rubric_malformed_names_the_place_and_keeps_the_old(entry, configurator):
    wrong = {**RUBRIC, "criteria": [{"text": "", "marks": 1}, {"text": "Two", "marks": "x"}]}
    refusal = refusal_of(services.set_rubric, entry, wrong, expected_revision=0, by=configurator)
    assert refusal.code == "invalid_rubric"
    assert "Row 1, text" in refusal.message
    assert "Row 2, marks" in refusal.message
    entry.refresh_from_db()
    assert (entry.rubric_definition, entry.rubric_revision) == (RUBRIC, 0)


def test_enroll_student_says_who_enrolled_whom(component, outsider, configurator):
    enrollment = services.enroll_student(component, outsider, by=configurator)
    assert (enrollment.student, enrollment.enrolled_by) == (outsider, configurator)
    assert services.enroll_student(ComponentFactory(), outsider, by=None).enrolled_by is None


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("student", "already_enrolled"),
        ("configurator", "not_a_student"),
        ("admin", "not_a_student"),
    ],
)
def test_enroll_student_refused(who, code, component, configurator, student, request):
    user = request.getfixturevalue(who)
    assert refusal_of(services.enroll_student, component, user, by=configurator).code == code
    assert Enrollment.objects.count() == 1


def test_enroll_many_says_what_became_of_each(component, student, configurator):
    ada = UserFactory(username="Ada", email="ada@example.org")
    grace = UserFactory(username="grace", email="Grace@example.org")
    names = ["aDA", "", " grace@EXAMPLE.org ", "nobody", "student", "configurator", "nobody"]
    result = services.enroll_many(component, names, by=configurator)
    assert result.enrolled == [ada, grace]
    assert result.already == [student]
    assert result.unknown == ["nobody"]
    assert result.not_students == [configurator]
    assert component.enrollments.filter(enrolled_by=configurator).count() == 2


def test_enroll_many_counts_a_student_named_twice_once(component, outsider, configurator):
    result = services.enroll_many(component, ["outsider", outsider.email], by=configurator)
    assert (result.enrolled, result.already) == ([outsider], [outsider])
    assert component.enrollments.count() == 1


@pytest.mark.parametrize("name", ["Özlem", "ΝΊΚΟΣ", "Ярослав", "straße"])
def test_enroll_many_finds_names_in_any_alphabet(name, component, configurator):
    user = UserFactory(username=name, email=None)
    assert services.enroll_many(component, [name], by=configurator).enrolled == [user]


def test_enroll_many_takes_a_username_before_somebody_elses_address(component, configurator):
    named = UserFactory(username="ada@example.org", email=None)
    UserFactory(username="other", email="ada@example.org")
    result = services.enroll_many(component, ["ada@example.org"], by=configurator)
    assert result.enrolled == [named]


def test_enroll_many_takes_as_many_queries_for_many_as_for_one(component, configurator):
    def queries(names):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            services.enroll_many(component, names, by=configurator)
        return len(captured)

    names = [UserFactory().username for _ in range(20)]
    assert queries(names[:1]) == queries(names[1:])


def test_enroll_many_asks_for_a_long_list_in_parts(component, configurator, monkeypatch):
    monkeypatch.setattr("accounts.models.NAMES_AT_ONCE", 2)
    names = [UserFactory().username for _ in range(5)]
    result = services.enroll_many(component, [*names, "nobody"], by=configurator)
    assert [user.username for user in result.enrolled] == names
    assert result.unknown == ["nobody"]


def test_unenroll_student_keeps_what_they_submitted(entry, student, configurator):
    submission = make_submission(entry, student)
    services.unenroll_student(entry.component, student, by=configurator)
    assert not Enrollment.objects.exists()
    submission.refresh_from_db()
    assert submission.student == student


def test_unenroll_student_of_another_component_is_refused(component, configurator):
    elsewhere = EnrollmentFactory()
    refusal = refusal_of(services.unenroll_student, component, elsewhere.student, by=configurator)
    assert refusal.code == "not_enrolled"
    assert Enrollment.objects.contains(elsewhere)


@pytest.mark.parametrize("role", [Role.CONFIGURATOR, Role.ADMIN])
def test_add_configurator_puts_another_in_charge(role, component, configurator):
    user = UserFactory(role=role)
    services.add_configurator(component, user, by=configurator)
    services.add_configurator(component, user, by=configurator)
    assert set(component.configurators.all()) == {configurator, user}


@pytest.mark.parametrize("fields", [{"role": Role.STUDENT}, {"is_active": False}], ids=str)
def test_add_configurator_takes_active_configurators_only(fields, component, configurator):
    user = UserFactory(**{"role": Role.CONFIGURATOR, **fields})
    refusal = refusal_of(services.add_configurator, component, user, by=configurator)
    assert refusal.code == "not_a_configurator"
    assert list(component.configurators.all()) == [configurator]


def test_remove_configurator_the_last_one_stays(component, configurator, stranger, admin):
    component.configurators.add(stranger)
    services.remove_configurator(component, configurator, by=stranger)
    refusal = refusal_of(services.remove_configurator, component, stranger, by=admin)
    assert refusal.code == "last_configurator"
    assert list(component.configurators.all()) == [stranger]


CHANGES = {
    "update_component": lambda entry, who: services.update_component(
        entry.component, name="x", by=who
    ),
    "delete_component": lambda entry, who: services.delete_component(entry.component, by=who),
    "create_entry": lambda entry, who: services.create_entry(entry.component, title="x", by=who),
    "update_entry": lambda entry, who: services.update_entry(entry, title="x", by=who),
    "delete_entry": lambda entry, who: services.delete_entry(entry, by=who),
    "set_rubric": lambda entry, who: services.set_rubric(entry, {}, expected_revision=None, by=who),
    "enroll_student": lambda entry, who: services.enroll_student(
        entry.component, UserFactory(), by=who
    ),
    "enroll_many": lambda entry, who: services.enroll_many(
        entry.component, [UserFactory().username], by=who
    ),
    "unenroll_student": lambda entry, who: services.unenroll_student(
        entry.component, entry.component.enrollments.get().student, by=who
    ),
    "add_configurator": lambda entry, who: services.add_configurator(
        entry.component, UserFactory(configurator=True), by=who
    ),
    "remove_configurator": lambda entry, who: services.remove_configurator(
        entry.component, entry.component.configurators.first(), by=who
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("who", ["student", "stranger"])
def test_change_by_somebody_not_in_charge_is_forbidden(change, who, entry, student, request):
    user = request.getfixturevalue(who)
    before = (
        Entry.objects.values().get(),
        Component.objects.values().get(),
        list(Enrollment.objects.values()),
        list(entry.component.configurators.all()),
    )
    assert refusal_of(change, entry, user).code == "forbidden"
    assert before == (
        Entry.objects.values().get(),
        Component.objects.values().get(),
        list(Enrollment.objects.values()),
        list(entry.component.configurators.all()),
    )


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_change_by_an_admin_is_allowed_everywhere(change, entry, student, stranger, admin):
    entry.component.configurators.add(stranger)
    change(entry, admin)
