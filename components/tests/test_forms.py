"""Forms about components and people."""

import pytest

from accounts.errors import DomainError
from components.forms import ComponentForm, EnrollForm, EntryForm, show_error
from components.services import update_entry

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("ada", ["ada"]),
        ("ada\r\ngrace\r\n\r\n", ["ada", "grace"]),
        ("ada, grace;a@b.org\tjoan  mary", ["ada", "grace", "a@b.org", "joan", "mary"]),
    ],
)
def test_enroll_form_splits_names_at_lines_commas_and_spaces(typed, names):
    form = EnrollForm({"people": typed})
    assert form.is_valid()
    assert form.names() == names


@pytest.mark.parametrize("typed", ["", "  \n ", "nul\x00", "a" * 200_001], ids=len)
def test_enroll_form_refuses_what_holds_no_names(typed):
    assert "people" in EnrollForm({"people": typed}).errors


@pytest.mark.parametrize(
    "typed",
    ['Don\'t say "never".', "a < b & c", "one\n\ntwo\nthree", "trailing  \nspace", "a\u00a0b"],
)
def test_rich_text_typed_plain_is_shown_plain_again(typed, entry, configurator):
    form = EntryForm({"title": "Plants", "instructions": typed}, instance=entry)
    assert form.is_valid()
    update_entry(entry, by=configurator, **form.cleaned_data)
    shown = EntryForm(instance=entry)["instructions"].value()
    assert [line.rstrip() for line in shown.split("\n")] == [
        line.rstrip() for line in typed.split("\n")
    ]


def test_rich_text_refused_keeps_what_was_typed():
    form = ComponentForm({"name": "", "general_instructions": 'a < b & "c"'})
    assert not form.is_valid()
    assert form["general_instructions"].value() == 'a < b & "c"'


@pytest.mark.parametrize("field", ["name", "general_instructions"])
def test_component_form_refuses_nul(field):
    form = ComponentForm({"name": "Biology", "general_instructions": "", field: "nul\x00"})
    assert field in form.errors


@pytest.mark.parametrize(
    ("field", "place"), [("name", "name"), ("role", "__all__"), ("", "__all__")]
)
def test_refusal_of_a_service_is_shown_beside_its_field_or_above(field, place):
    form = ComponentForm({"name": "Biology"})
    show_error(form, DomainError("invalid", "No.", field=field))
    assert form.errors[place] == ["No."]
