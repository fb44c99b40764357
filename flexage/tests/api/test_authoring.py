"""Changing and deleting components and entries; rubrics and HTML on their way in and out."""

from __future__ import annotations

import copy

import pytest

from components.html import html_to_text
from components.models import Component, Entry, Rubric
from components.tests.factories import RUBRIC
from grading.models import OutcomeRevision, Submission

UNTOUCHED = {"created_at", "updated_at"}
OWN_KEYS = {
    "criteria": [
        {"id": "c1", "text": "Argument", "marks": 10, "weight": 2},
        {"id": "c2", "text": "Evidence", "marks": 5.5},
    ],
    "performance_levels": [
        {"id": "l1", "text": "Poor", "points": 0},
        {"id": "l2", "text": "Good", "points": 4},
    ],
    "cell_descriptions": [["-", "+"], ["", "++"]],
    "cell_points": [[1, 10], [None, 5.25]],
}


@pytest.fixture
def client(api, configurator):
    return api(configurator)


@pytest.fixture
def component_url(component):
    return f"/api/configure/flexagecomps/{component.pk}"


@pytest.fixture
def entry_url(entry):
    return f"/api/configure/entries/{entry.pk}"


def stable(data):
    return {key: value for key, value in data.items() if key not in UNTOUCHED}


# --- a part of the fields ------------------------------------------------------
@pytest.mark.parametrize(
    "change",
    [
        {"comp_name": "Changed"},
        {"general_instructions": "<p>Changed</p>"},
        {"comp_name": "Changed", "general_instructions": ""},
        {"comp_name": "Changed", "no_such_field": 1},
        {},
    ],
)
def test_put_of_a_component_changes_what_is_sent_only(client, component_url, change):
    before = client.get(component_url).json()
    answer = client.put(component_url, change)
    assert answer.status_code == 200
    known = {key: value for key, value in change.items() if key in before}
    assert stable(answer.json()) == stable({**before, **known})
    assert client.get(component_url).json() == answer.json()


@pytest.mark.parametrize(
    "change",
    [
        {"entry_title": "Changed"},
        {"instructions": "<p>Changed</p>"},
        {"rubric_definition": {}},
        {"entry_title": "Changed", "instructions": "", "rubric_definition": OWN_KEYS},
        {},
    ],
)
def test_put_of_an_entry_changes_what_is_sent_only(client, entry_url, change):
    before = client.get(entry_url).json()
    answer = client.put(entry_url, change)
    assert answer.status_code == 200
    after = {**before, **change, "rubric_revision": int("rubric_definition" in change)}
    assert stable(answer.json()) == stable(after)
    assert client.get(entry_url).json() == answer.json()


def test_put_takes_what_was_read(client, component_url, entry_url):
    """Deployed clients send the whole object back, ids and times included."""
    for url, name in ((component_url, "comp_name"), (entry_url, "entry_title")):
        read = client.get(url).json()
        assert stable(client.put(url, read).json()) == stable(read)
        changed = {**read, name: "Changed"}
        assert stable(client.put(url, changed).json()) == stable(changed)


def test_put_never_changes_ids_and_times(client, component_url, component):
    forged = {"comp_id": "00000000-0000-0000-0000-000000000000", "created_at": "1999-01-01T00:00Z"}
    answer = client.put(component_url, forged).json()
    assert answer["comp_id"] == str(component.pk)
    assert not answer["created_at"].startswith("1999")
    assert list(Component.objects.all()) == [component]


def test_entry_changes_are_all_or_nothing(client, entry_url):
    before = client.get(entry_url).json()
    bad = {"entry_title": "Changed", "rubric_definition": {"criteria": 1}}
    assert client.put(entry_url, bad).status_code == 400
    worse = {"entry_title": " ", "rubric_definition": {}}
    assert client.put(entry_url, worse).status_code == 400
    assert client.get(entry_url).json() == before


# --- deleting ------------------------------------------------------------------
def test_delete_answers_with_what_it_deleted_and_takes_everything_below(
    client, component_url, entry_url, submission
):
    for url in (entry_url, component_url):
        read = client.get(url).json()
        answer = client.delete(url)
        assert (answer.status_code, answer.json()) == (200, read)
        assert client.get(url).status_code == client.delete(url).status_code == 404
    assert not Submission.objects.exists()
    assert not OutcomeRevision.objects.exists()


# --- rubrics -------------------------------------------------------------------
@pytest.mark.parametrize("definition", [RUBRIC, OWN_KEYS, {}])
def test_rubric_comes_back_as_it_was_sent(client, component, entry_url, definition):
    body = {"flex_age_comp_id": str(component.pk), "entry_title": "New"}
    made = client.post("/api/configure/entries/", {**body, "rubric_definition": definition}).json()
    assert made["rubric_definition"] == definition
    changed = client.put(entry_url, {"rubric_definition": definition}).json()
    assert changed["rubric_definition"] == definition
    assert client.get(entry_url).json()["rubric_definition"] == definition


def test_entry_without_a_rubric_has_the_empty_one(client, component):
    body = {"flex_age_comp_id": str(component.pk), "entry_title": "New"}
    assert client.post("/api/configure/entries/", body).json()["rubric_definition"] == {}


def broken(change):
    """The rubric of the contract with one thing wrong."""
    definition = copy.deepcopy(RUBRIC)
    change(definition)
    return definition


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda r: r["criteria"][1].update(text=""), "Row 2"),
        (lambda r: r["criteria"][1].update(marks=-1), "Row 2"),
        (lambda r: r["criteria"][0].update(marks="many"), "Row 1"),
        (lambda r: r["criteria"][0].pop("marks"), "Row 1"),
        (lambda r: r["criteria"][0].update(weight=[]), "Row 1"),
        (lambda r: r["performance_levels"][2].update(text=None), "Column 3"),
        (lambda r: r["performance_levels"][0].update(points=3), "Column 2"),
        (lambda r: r["cell_descriptions"][1].pop(), "Row 2"),
        (lambda r: r["cell_descriptions"][0].__setitem__(1, 5), "Row 1, column 2"),
        (lambda r: r["cell_descriptions"].pop(), "Cell descriptions"),
        (lambda r: r.update(cell_points=[[1, 2, 3], [9, 1, 0]]), "Row 2, column 1"),
        (lambda r: r.update(criteria="x"), "Criteria"),
        (lambda r: r.update(criteria=[]), "Criteria"),
        (lambda r: r.pop("performance_levels"), "Performance levels"),
        (lambda r: r.update(colour="red"), "Colour"),
    ],
)
def test_malformed_rubric_is_400_that_names_the_place(client, component, entry_url, change, place):
    definition = broken(change)
    body = {"flex_age_comp_id": str(component.pk), "entry_title": "New"}
    before = client.get(entry_url).json()
    for answer in (
        client.put(entry_url, {"rubric_definition": definition}),
        client.post("/api/configure/entries/", {**body, "rubric_definition": definition}),
    ):
        assert answer.status_code == 400
        assert list(answer.json()) == ["rubric_definition"]
        assert place in " ".join(answer.json()["rubric_definition"])
    assert client.get(entry_url).json() == before
    assert (Entry.objects.count(), Rubric.objects.count()) == (1, 1)


@pytest.mark.parametrize("value", [None, [], "x", 1, True])
def test_rubric_that_is_no_object_is_400(client, entry_url, value):
    answer = client.put(entry_url, {"rubric_definition": value})
    assert (answer.status_code, list(answer.json())) == (400, ["rubric_definition"])


def test_new_rubric_leaves_what_was_graded_with_the_old_one(client, entry_url, outcome):
    url = f"/api/configure/outcomes/{outcome.pk}"
    before = client.get(url).json()
    client.put(entry_url, {"rubric_definition": OWN_KEYS})
    assert client.get(url).json() == before


# --- HTML and plain text -------------------------------------------------------
DANGEROUS = [
    "<p>Fine</p><script>alert(1)</script>",
    '<p onclick="alert(1)">Fine</p>',
    '<p>Fine</p><img src=x onerror="alert(1)">',
    '<p>Fine <a href="javascript:alert(1)">x</a></p>',
    "<p>Fine</p><svg><script>alert(1)</script></svg>",
    '<p style="background:url(javascript:alert(1))">Fine</p>',
    "<p>Fine</p><iframe src='//evil.example'></iframe>",
    "<p>Fine</p><style>*{display:none}</style>",
]
FORBIDDEN = ("<script", "alert", "javascript:", "onclick", "onerror", "<img", "<iframe", "style")
RICH = "<p><b>b</b><strong>s</strong><i>i</i><em>e</em><u>u</u><br></p><ul><li>1</li></ul>"
PLAIN = [
    "a<b",
    "x<y and y>z",
    "one\ntwo\n\nthree",
    "if (x < 3 && y > 4) {\n    return x;\n}",
    "Tom & Jerry",
    "5 < 6",
    "<3 biology",
    "a <- b; c --> d",
    "x<y\nwhile(x<y) x++;",
]


@pytest.fixture
def send(api, client, component_url, entry, entry_url, student, outcome):
    """Sends a text as each kind of HTML that the API takes; what is answered, and read later."""

    def put(url, field):
        return lambda text: (client.put(url, {field: text}).json()[field],
                             client.get(url).json()[field])  # fmt: skip

    def feedback(text):
        url = f"/api/configure/outcomes/{outcome.pk}"
        answer = client.put(url, {"outcome_data": {"feedback_text": text}}).json()
        path = f"/api/student/submissions/{outcome.submission_id}"
        seen = api(student).get(path).json()["outcome"]
        return (answer["outcome_data"]["feedback_text"], seen["outcome_data"]["feedback_text"])

    def content(text):
        path = f"/api/student/entries/{entry.pk}"
        answer = api(student).post(f"{path}/submit", {"content": text}).json()
        newest = client.get(f"/api/configure/submissions/{answer['submission_id']}").json()
        return answer["content"], newest["content"]

    return {
        "general_instructions": put(component_url, "general_instructions"),
        "instructions": put(entry_url, "instructions"),
        "content": content,
        "feedback_text": feedback,
    }


FIELDS = ["general_instructions", "instructions", "content", "feedback_text"]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("text", DANGEROUS)
def test_html_that_could_run_is_taken_out(send, field, text):
    answered, read = send[field](text)
    assert answered == read
    assert "Fine" in read
    assert not [word for word in FORBIDDEN if word in read.lower()]


@pytest.mark.parametrize("field", FIELDS)
def test_html_of_the_contract_stays_as_it_was_sent(send, field):
    assert send[field](RICH) == (RICH, RICH)


def test_feedback_holds_the_tags_of_the_contract_only(send):
    text = "<h1>Title</h1><p>See <a href='https://example.org'>this</a> <code>x</code></p>"
    _answered, read = send["feedback_text"](text)
    assert read == "Title<p>See this x</p>"


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_survives_with_every_character(send, field, text):
    answered, read = send[field](text)
    assert answered == read
    assert html_to_text(read) == text
    assert send[field](read) == (read, read)  # sent back as it was read, it stays the same
