"""Entries and their rubric editor."""

import pytest
from django.urls import reverse

from components import services
from components.models import Entry
from components.tests.factories import RUBRIC, EntryFactory
from components.tests.pages import fields_of, messages_of, part_of

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
OTHER_RUBRIC = {**RUBRIC, "criteria": [{"text": "One", "marks": 1}, {"text": "Two", "marks": 2}]}
LIMITS = {"empty": "", "blank": "   ", "long": "a" * 256, "nul": "nul\x00"}


@pytest.fixture
def browser(client, configurator):
    client.force_login(configurator)
    return client


@pytest.fixture
def editor(entry):
    return reverse("components:rubric_edit", args=[entry.pk])


@pytest.fixture
def typed(browser, editor):
    """What the editor's form holds when it is opened."""
    return fields_of(browser.get(editor).text, "rubric-form")


def place(page, entry):
    return reverse(f"components:{page}", args=[entry.pk])


def grid_fields(response):
    """The fields of the grid, on the page or in the fragment."""
    text = response.text
    if "rubric-form" not in text:
        text = f'<form id="rubric-form">{text}</form>'
    return {name: value for name, value in fields_of(text, "rubric-form").items()
            if name != "csrfmiddlewaretoken"}  # fmt: skip


def test_new_entry_leads_to_its_rubric(browser, component):
    address = reverse("components:entry_create", args=[component.pk])
    response = browser.post(address, {"title": " Plants ", "instructions": "a < b"}, follow=True)
    entry = Entry.objects.get()
    assert response.redirect_chain == [(place("rubric_edit", entry), 302)]
    assert (entry.title, entry.instructions) == ("Plants", "<p>a &lt; b</p>")
    assert "Now give it a rubric" in messages_of(response)[0]


@pytest.mark.parametrize("title", LIMITS.values(), ids=LIMITS)
@pytest.mark.parametrize("page", ["entry_create", "entry_edit"])
def test_entry_refused_keeps_what_was_typed(page, title, browser, entry):
    target = entry if page == "entry_edit" else entry.component
    before = list(Entry.objects.values())
    response = browser.post(place(page, target), {"title": title, "instructions": "Keep < this"})
    assert response.context["form"].errors["title"]
    assert "Keep &lt; this</textarea>" in response.text
    assert list(Entry.objects.values()) == before


def test_edit_changes_title_and_instructions_only(browser, entry):
    browser.post(place("entry_edit", entry), {"title": "Renamed", "instructions": "Don't."})
    entry.refresh_from_db()
    assert (entry.title, entry.instructions) == ("Renamed", "<p>Don't.</p>")
    assert entry.rubric_definition == RUBRIC
    shown = browser.get(place("entry_edit", entry)).context["form"]
    assert shown["instructions"].value() == "Don't."


def test_edit_works_after_the_maker_is_gone(browser, entry, stranger):
    Entry.objects.update(created_by=stranger)
    stranger.delete()
    browser.post(place("entry_edit", entry), {"title": "Renamed"})
    entry.refresh_from_db()
    assert entry.title == "Renamed"


def test_detail_shows_the_rubric_with_its_points(browser, entry):
    text = browser.get(place("entry_detail", entry)).text
    assert "The best score is 15 points." in text
    for words in ("Photosynthesis is explained", "Gives no evidence.", "2.50 points"):
        assert words in text


def test_detail_without_a_rubric_says_what_that_means(browser, component):
    entry = EntryFactory(component=component, without_rubric=True)
    assert "wait for a person" in browser.get(place("entry_detail", entry)).text


def test_detail_shows_stored_html_cleaned(browser, entry):
    Entry.objects.update(instructions='<b>Read</b><img src=x onerror="alert(1)">')
    text = browser.get(place("entry_detail", entry)).text
    assert "<b>Read</b>" in text
    assert "onerror" not in text


def test_delete_asks_first_and_says_what_goes_with_it(browser, entry):
    text = browser.get(place("entry_delete", entry)).text
    assert f"Delete “{entry.title}”?" in text
    assert "everything that was submitted to it" in text
    assert Entry.objects.exists()


def test_delete_confirmed_deletes(browser, entry):
    response = browser.post(place("entry_delete", entry), follow=True)
    assert response.redirect_chain == [(place("component_detail", entry.component), 302)]
    assert not Entry.objects.exists()


def test_editor_saved_as_it_was_opened_changes_nothing(browser, editor, typed, entry):
    before = Entry.objects.values().get()
    response = browser.post(editor, {**typed, "action": "save"}, follow=True)
    assert response.redirect_chain == [(place("entry_detail", entry), 302)]
    assert Entry.objects.values().get() == before


def test_editor_opens_blank_for_an_entry_without_a_rubric(browser, component):
    entry = EntryFactory(component=component, without_rubric=True)
    response = browser.get(place("rubric_edit", entry))
    fields = grid_fields(response)
    assert (fields["rows"], fields["columns"], fields["revision"]) == ("3", "4", "0")
    assert fields["level-0-text"] == "Excellent"
    assert "is-invalid" not in response.text


def test_editor_shows_what_each_cell_is_worth(browser, editor):
    text = browser.get(editor).text
    assert 'placeholder="2.5"' in part_of(text, 'id="cell-1-1-points"', ">")
    assert "Best score when last saved: 15 points" in text


def test_editor_saves_what_was_typed(browser, editor, typed, entry):
    changes = {"criterion-0-marks": "8", "cell-1-2-text": "Nothing < at all.", "action": "save"}
    response = browser.post(editor, {**typed, **changes}, follow=True)
    assert "The rubric is saved." in messages_of(response)
    entry.refresh_from_db()
    assert entry.rubric_definition["criteria"][0]["marks"] == 8
    assert entry.rubric_definition["cell_descriptions"][1][2] == "Nothing < at all."
    assert entry.rubric_revision == 1


@pytest.mark.parametrize("action", [{"action": "save"}, {}], ids=["button", "enter"])
def test_editor_saves_with_and_without_its_button(action, browser, editor, typed, entry):
    browser.post(editor, {**typed, "criterion-0-marks": "8", **action})
    entry.refresh_from_db()
    assert entry.rubric_definition["criteria"][0]["marks"] == 8


def test_editor_emptied_takes_the_rubric_away(browser, editor, entry):
    emptied = {"revision": "0", "rows": "0", "columns": "0", "action": "save"}
    response = browser.post(editor, emptied, follow=True)
    assert "The rubric is taken away." in messages_of(response)
    entry.refresh_from_db()
    assert entry.rubric is None


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    ("action", "rows", "columns"),
    [
        ("add-row", 3, 3),
        ("add-column", 2, 4),
        ("remove-row-1", 1, 3),
        ("remove-column-2", 2, 2),
    ],
)
def test_editor_button_returns_all_that_was_typed(
    action, rows, columns, headers, browser, editor, typed, entry
):
    wrong = {"criterion-0-marks": "ten", "cell-0-1-text": "two\nlines <b>", "level-0-points": "x"}
    before = Entry.objects.values().get()
    response = browser.post(editor, {**typed, **wrong, "action": action}, headers=headers)
    assert response.status_code == 200
    assert ("<html" in response.text) is (headers == {})
    fields = grid_fields(response)
    assert (fields["rows"], fields["columns"]) == (str(rows), str(columns))
    expected = {name: value for name, value in {**typed, **wrong}.items() if name in fields}
    assert {name: fields[name] for name in expected} == {
        **expected, "rows": str(rows), "columns": str(columns)
    }  # fmt: skip
    assert Entry.objects.values().get() == before


def test_editor_refused_keeps_the_input_and_shows_the_message_beside_the_cell(
    browser, editor, typed, entry
):
    wrong = {"cell-1-2-points": "6", "criterion-0-text": "", "level-0-text": "", "action": "save"}
    response = browser.post(editor, {**typed, **wrong})
    assert response.status_code == 422
    cell = part_of(response.text, 'id="cell-1-2-text"', "</td>")
    assert "More points than the criterion&#x27;s marks (5)." in cell
    assert "Must not be empty." in part_of(response.text, 'id="criterion-0-text"', "</th>")
    assert "Must not be empty." in part_of(response.text, 'id="level-0-text"', "</th>")
    fields = grid_fields(response)
    assert {name: fields[name] for name in wrong if name in fields} == {
        name: value for name, value in wrong.items() if name != "action"
    }
    entry.refresh_from_db()
    assert entry.rubric_definition == RUBRIC


def test_editor_refused_can_be_mended_and_saved(browser, editor, typed, entry):
    response = browser.post(editor, {**typed, "criterion-0-marks": "ten", "action": "save"})
    mended = {**grid_fields(response), "criterion-0-marks": "7", "action": "save"}
    assert browser.post(editor, mended).status_code == 302
    entry.refresh_from_db()
    assert entry.rubric_definition["criteria"][0]["marks"] == 7


def test_editor_stale_keeps_the_input_and_shows_what_was_saved_meanwhile(
    browser, editor, typed, entry, configurator
):
    services.set_rubric(entry, OTHER_RUBRIC, expected_revision=0, by=configurator)
    mine = {**typed, "criterion-0-text": "Mine", "action": "save"}
    response = browser.post(editor, mine)
    assert response.status_code == 409
    assert "Somebody else saved this rubric" in response.text
    saved = part_of(response.text, "The rubric saved meanwhile", "</details>")
    assert "One" in saved
    assert "Mine" not in saved
    assert grid_fields(response)["criterion-0-text"] == "Mine"
    entry.refresh_from_db()
    assert entry.rubric_definition == OTHER_RUBRIC


def test_editor_stale_saved_a_second_time_wins(browser, editor, typed, entry, configurator):
    services.set_rubric(entry, OTHER_RUBRIC, expected_revision=0, by=configurator)
    mine = {**typed, "criterion-0-text": "Mine", "action": "save"}
    second = {**grid_fields(browser.post(editor, mine)), "action": "save"}
    assert browser.post(editor, second).status_code == 302
    entry.refresh_from_db()
    assert entry.rubric_definition["criteria"][0]["text"] == "Mine"
    assert entry.rubric_revision == 2


def test_editor_stale_after_the_rubric_was_taken_away_says_so(
    browser, editor, typed, entry, configurator
):
    services.set_rubric(entry, {}, expected_revision=0, by=configurator)
    response = browser.post(editor, {**typed, "action": "save"})
    assert response.status_code == 409
    assert "None: it was taken away." in response.text


def test_editor_buttons_do_not_hide_that_the_rubric_is_stale(
    browser, editor, typed, entry, configurator
):
    services.set_rubric(entry, OTHER_RUBRIC, expected_revision=0, by=configurator)
    grown = browser.post(editor, {**typed, "action": "add-row"}, headers=HTMX)
    response = browser.post(editor, {**grid_fields(grown), "action": "save"})
    assert response.status_code == 409


@pytest.mark.parametrize(
    "hostile",
    [
        {},
        {"revision": ""},
        {"revision": "x", "rows": "-5", "columns": "x"},
        {"revision": "9" * 4000, "rows": "9" * 4000, "columns": "9" * 5000},
        {"revision": "-1", "rows": "1", "columns": "1", "cell-0-0-points": "1e999999"},
        {"rows": "2", "columns": "2", "criterion-0-text": "nul\x00", "level-0-text": "\x00"},
        {"action": "remove-row-99"},
        {"action": "add-row", "rows": "50", "columns": "20"},
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_editor_survives_hostile_fields_and_keeps_the_rubric(
    hostile, headers, browser, editor, entry
):
    response = browser.post(editor, hostile, headers=headers)
    assert response.status_code in {200, 409, 422}
    entry.refresh_from_db()
    assert entry.rubric_definition == RUBRIC


def test_editor_shows_typed_text_safe(browser, editor, typed):
    attack = '"></textarea><script>alert(1)</script>'
    response = browser.post(editor, {**typed, "cell-0-0-text": attack, "level-0-text": attack})
    page = browser.get(editor).text
    assert response.status_code == 302
    assert "<script>alert" not in page
    assert grid_fields(browser.get(editor))["cell-0-0-text"] == attack


def test_editor_refuses_to_save_nothing_where_there_was_nothing(browser, component):
    entry = EntryFactory(component=component, without_rubric=True)
    editor = place("rubric_edit", entry)
    emptied = {"rows": "1", "columns": "1", "revision": "0", "action": "save"}
    response = browser.post(editor, emptied)
    assert response.status_code == 422
    assert "Write at least one criterion and one level." in response.text
    assert grid_fields(response)["columns"] == "4"


def test_editor_does_not_save_on_a_button_it_does_not_know(browser, editor, typed, entry):
    browser.post(editor, {**typed, "criterion-0-marks": "9", "action": "remove-row-99"})
    entry.refresh_from_db()
    assert entry.rubric_revision == 0


def test_editor_asks_for_the_points_of_every_described_cell(browser, editor, typed, entry):
    response = browser.post(editor, {**typed, "cell-0-1-points": "6", "action": "save"})
    assert response.status_code == 422
    assert response.text.count("Give this cell points as well") == 2
    entry.refresh_from_db()
    assert entry.rubric_revision == 0
