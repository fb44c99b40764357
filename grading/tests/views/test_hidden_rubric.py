"""What students see of a rubric whose descriptions are kept from them, on pages and by the API."""

import pytest
from django.test import Client
from django.urls import reverse

from components.models import Entry
from components.tests.factories import RUBRIC
from grading.tests.factories import grade, make_submission

pytestmark = pytest.mark.django_db
DESCRIPTIONS = [text for row in RUBRIC["cell_descriptions"] for text in row]
NAMES = [item["text"] for key in ("criteria", "performance_levels") for item in RUBRIC[key]]


@pytest.fixture
def hidden(entry):
    entry.is_rubric_hidden = True
    entry.save()
    return entry


@pytest.fixture
def page(client, student, entry):
    client.force_login(student)
    return lambda: client.get(reverse("grading:student_entry", args=[entry.pk])).text


def test_page_shows_criteria_levels_and_points_only(page, hidden):
    text = page()
    assert all(name in text for name in NAMES)
    assert "up to 10 points" in text
    assert not any(description in text for description in DESCRIPTIONS)
    assert "What the levels look like is not shown" in text


def test_page_shows_all_where_nothing_is_hidden(page, entry):
    text = page()
    assert all(description in text for description in DESCRIPTIONS)
    assert "is not shown" not in text


def test_page_of_an_entry_without_a_rubric_shows_none(page, hidden):
    Entry.objects.update(rubric=None)
    assert "how your answer is judged" not in page()


def test_person_in_charge_sees_all(client, hidden, configurator):
    client.force_login(configurator)
    text = client.get(reverse("components:entry_detail", args=[hidden.pk])).text
    assert all(description in text for description in DESCRIPTIONS)


# --- the API -------------------------------------------------------------------
def read(user, path):
    browser = Client()
    browser.force_login(user)
    response = browser.get(f"/api/{path}")
    assert response.status_code == 200
    return response


def test_api_answers_students_with_empty_descriptions(hidden, student):
    one = read(student, f"student/entries/{hidden.pk}")
    listed = read(student, f"student/flexagecomps/{hidden.component_id}/entries").json()
    expected = {**RUBRIC, "cell_descriptions": [[""] * 3, [""] * 3]}
    assert one.json()["rubric_definition"] == expected
    assert [row["rubric_definition"] for row in listed] == [expected]
    assert not any(description in one.text for description in DESCRIPTIONS)


def test_api_answers_students_with_all_where_nothing_is_hidden(entry, student):
    assert read(student, f"student/entries/{entry.pk}").json()["rubric_definition"] == RUBRIC


def test_api_answers_an_entry_without_a_rubric_with_the_empty_one(hidden, student):
    Entry.objects.update(rubric=None)
    assert read(student, f"student/entries/{hidden.pk}").json()["rubric_definition"] == {}


def test_api_tells_students_nothing_by_way_of_their_submissions(hidden, student):
    submission = make_submission(hidden, student)
    grade(submission)
    for path in (
        f"student/submissions/{submission.pk}",
        "student/submissions",
        f"student/entries/{hidden.pk}",
        f"student/entries/{hidden.pk}/submissions",
    ):
        text = read(student, path).text
        assert not any(description in text for description in DESCRIPTIONS)


def test_api_answers_the_person_in_charge_with_all(hidden, configurator):
    entry = read(configurator, f"configure/entries/{hidden.pk}").json()
    assert entry["rubric_definition"] == RUBRIC
    assert entry["is_rubric_hidden"] is True


@pytest.mark.parametrize(
    ("body", "status", "after"),
    [
        ({"is_rubric_hidden": True}, 200, True),
        ({"is_rubric_hidden": False}, 200, False),
        ({"entry_title": "Renamed"}, 200, False),
        ({"is_rubric_hidden": "true"}, 400, False),
        ({"is_rubric_hidden": None}, 400, False),
        ({"is_rubric_hidden": 1}, 400, False),
    ],
    ids=str,
)
def test_api_changes_whether_it_is_hidden(entry, configurator, client, body, status, after):
    client.force_login(configurator)
    path = f"/api/configure/entries/{entry.pk}"
    response = client.put(path, body, content_type="application/json")
    assert response.status_code == status
    entry.refresh_from_db()
    assert entry.is_rubric_hidden is after
    if status == 400:
        assert list(response.json()) == ["is_rubric_hidden"]


@pytest.mark.parametrize(("sent", "stored"), [({}, False), ({"is_rubric_hidden": True}, True)])
def test_api_makes_an_entry_that_hides_its_rubric(component, configurator, client, sent, stored):
    client.force_login(configurator)
    body = {"flex_age_comp_id": str(component.pk), "entry_title": "New", **sent}
    response = client.post("/api/configure/entries", body, content_type="application/json")
    assert response.status_code == 201
    assert response.json()["is_rubric_hidden"] is stored
    assert Entry.objects.get().is_rubric_hidden is stored
