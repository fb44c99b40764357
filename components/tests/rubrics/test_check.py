"""The one validator of rubric definitions."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.rubrics import RubricError, RubricProblem, normalise_rubric, rubric_hash
from components.rubrics.check import MAX_CRITERIA, MAX_LEVELS

CONTRACT: dict[str, Any] = {
    "criteria": [{"text": "Argument", "marks": 10}, {"text": "Evidence", "marks": 5}],
    "performance_levels": [{"text": "Excellent"}, {"text": "Good"}, {"text": "Poor"}],
    "cell_descriptions": [["a", "b", "c"], ["d", "e", "f"]],
}

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1)
names = texts.filter(lambda text: text.strip())
amounts = st.decimals(0, 10_000, places=2).map(float) | st.integers(0, 10_000)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def definitions(draw):
    """Rubrics as clients may write them, with and without the optional keys."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    has_points = draw(st.booleans())
    criteria = []
    for _row in range(rows):
        optional = {"weight": amounts, "id": names}
        required = {"text": names, "marks": amounts}
        criteria.append(draw(st.fixed_dictionaries(required, optional=optional)))
    level = {"text": names} | ({"points": st.integers(1, 100)} if has_points else {})
    levels = [draw(st.fixed_dictionaries(level)) for _column in range(columns)]
    definition: dict[str, Any] = {"criteria": criteria, "performance_levels": levels}
    if draw(st.booleans()):
        cell = st.none() | st.text(st.characters(exclude_categories=["Cs"])).map(
            lambda text: text.replace("\x00", "")
        )
        definition["cell_descriptions"] = [
            [draw(cell) for _column in range(columns)] for _row in range(rows)
        ]
    if draw(st.booleans()):
        definition["cell_points"] = [
            [draw(st.none() | st.floats(0, float(row["marks"])).map(int)) for _ in range(columns)]
            for row in criteria
        ]
    return definition


def changed(path, value):
    """The contract's rubric with one value put in another's place."""
    definition = copy.deepcopy(CONTRACT)
    place = definition
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return definition


def problems_of(definition):
    with pytest.raises(RubricError) as refusal:
        normalise_rubric(definition)
    return refusal.value.problems


def test_contract_shape_is_canonical():
    assert normalise_rubric(CONTRACT) == CONTRACT


@pytest.mark.parametrize(
    "definition",
    [
        {},
        {"criteria": [], "performance_levels": []},
        {"criteria": [], "performance_levels": [], "cell_descriptions": []},
        {"criteria": [], "performance_levels": [], "cell_descriptions": [], "cell_points": []},
        {"cell_descriptions": None},
    ],
    ids=str,
)
def test_definition_without_any_criterion_is_the_empty_rubric(definition):
    assert normalise_rubric(definition) == {}


def test_optional_keys_are_kept():
    definition: dict[str, Any] = {
        "criteria": [{"id": "c1", "text": "Argument", "marks": 2.5, "weight": 3}],
        "performance_levels": [
            {"id": "l1", "text": "Good", "points": 2},
            {"id": "l2", "text": "Poor", "points": 0},
        ],
        "cell_descriptions": [["", ""]],
        "cell_points": [[2.5, None]],
    }
    assert normalise_rubric(definition) == definition


@pytest.mark.parametrize(
    ("path", "value", "same_as"),
    [
        (("criteria", 0, "text"), "  Argument\r\n", "Argument"),
        (("criteria", 0, "text"), "two\r\nlines", "two\nlines"),
        (("criteria", 0, "text"), "two\r\r\nlines", "two\n\nlines"),
        (("criteria", 0, "marks"), "10", 10),
        (("criteria", 0, "marks"), 10.0, 10),
        (("criteria", 0, "marks"), "2.50", 2.5),
        (("criteria", 0, "marks"), -0.0, 0),
        (("criteria", 0, "marks"), "1e1", 10),
        (("cell_descriptions", 1, 1), None, ""),
    ],
)
def test_value_has_one_canonical_form(path, value, same_as):
    assert json.dumps(normalise_rubric(changed(path, value))) == json.dumps(changed(path, same_as))


@pytest.mark.parametrize(
    ("extra", "level_extra"),
    [
        ({"weight": 1}, {}),
        ({"weight": "1.00"}, {}),
        ({"weight": None, "id": None}, {"points": None, "id": None}),
    ],
    ids=str,
)
def test_optional_value_that_says_nothing_is_left_away(extra, level_extra):
    definition = copy.deepcopy(CONTRACT)
    definition["criteria"][0].update(extra)
    definition["performance_levels"][0].update(level_extra)
    assert normalise_rubric(definition) == CONTRACT


def test_cell_points_of_nulls_are_left_away():
    assert normalise_rubric({**CONTRACT, "cell_points": [[None] * 3] * 2}) == CONTRACT


@pytest.mark.parametrize("definition", [None, [], "rubric", 1, True, [CONTRACT]], ids=str)
def test_definition_that_is_no_object_is_refused(definition):
    assert "object" in str(problems_of(definition)[0])


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("criteria",), "x", "Criteria: "),
        (("criteria",), None, "Criteria: "),
        (("criteria",), ["x"], "Criteria: "),
        (("criteria",), {"0": {}}, "Criteria: "),
        (("performance_levels",), [None], "Performance levels: "),
        (("criteria", 1, "text"), "", "Row 2, text: "),
        (("criteria", 1, "text"), " \n ", "Row 2, text: "),
        (("criteria", 1, "text"), 7, "Row 2, text: "),
        (("criteria", 1, "text"), None, "Row 2, text: "),
        (("criteria", 1, "text"), "nul\x00", "Row 2, text: "),
        (("criteria", 1, "text"), "half \ud83d", "Row 2, text: "),
        pytest.param(("criteria", 1, "text"), "x" * 5001, "Row 2, text: At most 5000", id="long"),
        (("criteria", 1, "marks"), None, "Row 2, marks: "),
        (("criteria", 1, "marks"), "", "Row 2, marks: "),
        (("criteria", 1, "marks"), "ten", "Row 2, marks: "),
        (("criteria", 1, "marks"), "2,5", "Row 2, marks: "),
        (("criteria", 1, "marks"), -1, "Row 2, marks: "),
        (("criteria", 1, "marks"), 0.125, "Row 2, marks: "),
        (("criteria", 1, "marks"), 10_001, "Row 2, marks: "),
        (("criteria", 1, "marks"), True, "Row 2, marks: "),
        (("criteria", 1, "marks"), [1], "Row 2, marks: "),
        (("criteria", 1, "marks"), float("nan"), "Row 2, marks: "),
        (("criteria", 1, "marks"), float("inf"), "Row 2, marks: "),
        (("criteria", 1, "marks"), "sNaN", "Row 2, marks: "),
        (("criteria", 1, "marks"), "1e999999999", "Row 2, marks: "),
        (("criteria", 1, "marks"), "1e-999999999", "Row 2, marks: "),
        pytest.param(("criteria", 1, "marks"), 10**5000, "Row 2, marks: ", id="huge-marks"),
        (("criteria", 1, "weight"), "heavy", "Row 2, weight: "),
        (("criteria", 1, "id"), "", "Row 2, id: "),
        (("criteria", 1, "id"), 5, "Row 2, id: "),
        (("criteria", 1, "colour"), "red", "Row 2, colour: "),
        (("performance_levels", 2, "text"), "", "Column 3, text: "),
        (("performance_levels", 2, "points"), 5, "Column 1, points: "),
        (("performance_levels", 2, "colour"), "red", "Column 3, colour: "),
        (("performance_levels", 2, "id"), [], "Column 3, id: "),
        (("cell_descriptions",), "x", "Cell descriptions: "),
        (("cell_descriptions",), [["a", "b", "c"]], "Cell descriptions: "),
        (("cell_descriptions", 1), ["d", "e"], "Row 2, cell descriptions: "),
        (("cell_descriptions", 1), "def", "Row 2, cell descriptions: "),
        (("cell_descriptions", 1, 2), 7, "Row 2, column 3, description: "),
        (("cell_descriptions", 1, 2), "nul\x00", "Row 2, column 3, description: "),
        (("cell_points",), [[1, 1, 1]], "Cell points: "),
        (("cell_points",), [[1, 1, 1], [1, 1]], "Row 2, cell points: "),
        (("cell_points",), [[1, 1, 1], [1, 1, "x"]], "Row 2, column 3, points: "),
        (("cell_points",), [[1, 1, 1], [1, 1, -1]], "Row 2, column 3, points: "),
        (("cell_points",), [[1, 1, 1], [1, 1, 6]], "Row 2, column 3, points: More points than"),
        (("title",), "Rubric", "Title: "),
    ],
)
def test_malformed_definition_names_the_place(path, value, place):
    assert str(problems_of(changed(path, value))[0]).startswith(place)


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("criteria", [], "Criteria: A rubric needs at least one criterion."),
        ("performance_levels", [], "Performance levels: A rubric needs at least one"),
    ],
)
def test_half_a_rubric_says_which_half_is_missing(key, value, place):
    definition = {**CONTRACT, key: value, "cell_descriptions": []}
    (problem,) = problems_of(definition)
    assert str(problem).startswith(place)


@pytest.mark.parametrize(
    "definition",
    [
        {"cell_descriptions": [["a", "b"]]},
        {"cell_descriptions": "text"},
        {"criteria": [], "performance_levels": [], "cell_points": [[1]]},
    ],
    ids=str,
)
def test_cells_without_criteria_are_no_empty_rubric(definition):
    assert problems_of(definition)


@pytest.mark.parametrize(
    ("key", "items", "limit"),
    [
        ("criteria", [{"text": "x", "marks": 1}], MAX_CRITERIA),
        ("performance_levels", [{"text": "x"}], MAX_LEVELS),
    ],
)
def test_too_many_rows_or_columns_are_one_problem(key, items, limit):
    definition: dict[str, Any] = {**CONTRACT, key: items * limit, "cell_descriptions": []}
    assert len(normalise_rubric(definition)[key]) == limit
    (problem,) = problems_of({**definition, key: items * (limit + 1)})
    assert str(limit) in str(problem)


def test_every_problem_is_named_at_once():
    definition = changed(("criteria", 0, "text"), "")
    definition["criteria"][1]["marks"] = "ten"
    definition["cell_descriptions"][0][2] = 7
    places = [str(problem).partition(": ")[0] for problem in problems_of(definition)]
    assert places == ["Row 1, text", "Row 2, marks", "Row 1, column 3, description"]


def test_levels_that_are_all_worth_nothing_are_refused():
    definition = copy.deepcopy(CONTRACT)
    for level in definition["performance_levels"]:
        level["points"] = 0
    (problem,) = problems_of(definition)
    assert "more than 0" in problem.message


def test_points_on_some_levels_name_each_level_without():
    definition = changed(("performance_levels", 0, "points"), 5)
    assert [problem.column for problem in problems_of(definition)] == [1, 2]


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (RubricProblem("Wrong."), "Wrong."),
        (RubricProblem("Wrong.", row=0), "Row 1: Wrong."),
        (RubricProblem("Wrong.", column=1), "Column 2: Wrong."),
        (RubricProblem("Wrong.", 0, 1, "own_points"), "Row 1, column 2, own points: Wrong."),
    ],
    ids=str,
)
def test_problem_reads_as_a_sentence_with_its_place(problem, text):
    assert str(problem) == text


def test_hash_is_equal_for_equal_content_only():
    spelled = copy.deepcopy(CONTRACT)
    spelled["criteria"][0] = {"marks": "10.0", "text": " Argument ", "weight": 1}
    other = changed(("cell_descriptions", 1, 2), "F")
    of_contract = rubric_hash(normalise_rubric(CONTRACT))
    assert rubric_hash(normalise_rubric(spelled)) == of_contract
    assert rubric_hash(normalise_rubric(other)) != of_contract


def test_definition_is_left_as_it_was():
    definition = changed(("criteria", 0, "text"), "  Argument ")
    before = copy.deepcopy(definition)
    normalise_rubric(definition)
    assert definition == before


@given(definitions())
def test_normalise_is_idempotent(definition):
    canonical = normalise_rubric(definition)
    assert normalise_rubric(canonical) == canonical
    assert normalise_rubric(json.loads(json.dumps(canonical))) == canonical


def is_refused_or_canonical(definition):
    try:
        canonical = normalise_rubric(definition)
    except RubricError as error:
        return bool(str(error).encode()) and bool(error.problems)
    json.dumps(canonical).encode()
    return normalise_rubric(canonical) == canonical


@given(json_values)
def test_any_json_is_a_rubric_or_a_rubric_error(value):
    assert is_refused_or_canonical(value)


KEYS = ["criteria", "performance_levels", "cell_descriptions", "cell_points", "text", "marks"]


@given(st.dictionaries(st.sampled_from(KEYS), json_values))
def test_any_json_under_known_keys_is_a_rubric_or_a_rubric_error(value):
    assert is_refused_or_canonical(value)


@given(definitions(), st.sampled_from(KEYS[:4]), st.integers(0, 3), json_values)
def test_any_json_within_a_rubric_is_a_rubric_or_a_rubric_error(definition, key, index, value):
    items = definition.get(key) or [None]
    definition[key] = [value if place == index else item for place, item in enumerate(items)]
    assert is_refused_or_canonical(definition)
