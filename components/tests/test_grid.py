"""The rubric editor's grid, from what a browser posts to a rubric and back."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.grid import RubricGrid
from components.rubrics import normalise_rubric, parse_rubric
from components.rubrics.check import MAX_CRITERIA, MAX_LEVELS
from components.tests.factories import RUBRIC
from components.tests.rubrics.test_check import definitions

FULL: dict[str, Any] = {
    "criteria": [
        {"id": "c1", "text": "Argument", "marks": 10, "weight": 2},
        {"text": "Evidence", "marks": 2.5},
    ],
    "performance_levels": [
        {"id": "l1", "text": "Good", "points": 4},
        {"text": "Poor", "points": 0},
    ],
    "cell_descriptions": [["a", "b"], ["c\nd", ""]],
    "cell_points": [[9.5, None], [None, None]],
}


def posted(grid):
    """The fields that a browser sends back for a grid."""
    data = {"rows": str(len(grid.rows)), "columns": str(len(grid.columns))}
    for j, column in enumerate(grid.columns):
        data |= {f"level-{j}-{key}": getattr(column, key) for key in ("text", "points", "id")}
    for i, row in enumerate(grid.rows):
        keys = ("text", "marks", "weight", "id")
        data |= {f"criterion-{i}-{key}": getattr(row, key) for key in keys}
        for j, cell in enumerate(row.cells):
            data |= {f"cell-{i}-{j}-{key}": getattr(cell, key) for key in ("text", "points")}
    return data


def grid_of(definition, **changes):
    """The grid of a rubric in which somebody typed something else into some fields."""
    fields = {name.replace("_", "-"): value for name, value in changes.items()}
    return RubricGrid.from_post(posted(RubricGrid.from_definition(definition)) | fields)


def errors_of(grid):
    """Where the grid shows which messages."""
    places = {"grid": grid.errors}
    places |= {f"row {i}": row.errors for i, row in enumerate(grid.rows)}
    places |= {f"column {j}": column.errors for j, column in enumerate(grid.columns)}
    places |= {
        f"cell {i} {j}": cell.errors
        for i, row in enumerate(grid.rows)
        for j, cell in enumerate(row.cells)
    }
    return {place: errors for place, errors in places.items() if errors}


@pytest.mark.parametrize("definition", [RUBRIC, FULL], ids=["contract", "full"])
def test_grid_shows_a_rubric_and_gives_the_same_back(definition):
    grid = grid_of(definition)
    assert normalise_rubric(grid.definition()) == definition
    assert grid.check() == parse_rubric(definition)
    assert not grid.has_errors


@given(definitions())
def test_grid_gives_any_rubric_back(definition):
    canonical = normalise_rubric(definition)
    assert normalise_rubric(grid_of(canonical).definition()) == canonical


def test_grid_of_no_rubric_is_a_blank_to_start_from():
    grid = RubricGrid.from_definition({})
    assert (len(grid.rows), len(grid.columns)) == (3, 4)
    assert all(len(row.cells) == 4 for row in grid.rows)


def test_check_shows_what_each_cell_is_worth():
    grid = grid_of(RUBRIC)
    grid.check()
    assert [[cell.worth for cell in row.cells] for row in grid.rows] == [
        ["10", "5", "0"],
        ["5", "2.5", "0"],
    ]
    assert grid.total == "15"


def test_check_drops_rows_and_columns_left_wholly_empty():
    grid = grid_of(RUBRIC)
    for action in ("add-row", "add-row", "add-column", "add-column"):
        grid.apply(action)
    grid.check()
    assert (len(grid.rows), len(grid.columns)) == (2, 3)
    assert normalise_rubric(grid.definition()) == RUBRIC


def test_check_of_a_grid_left_wholly_empty_is_no_rubric():
    grid = RubricGrid.from_post({"rows": "2", "columns": "2", "cell-0-0-text": " \r\n "})
    assert grid.check() is None
    assert not grid.has_errors


def test_check_places_problems_beside_their_cells_after_empty_rows_are_gone():
    data = {
        "rows": "4", "columns": "4",
        "level-1-text": "Good", "level-3-text": "Poor",
        "criterion-1-text": "Argument", "criterion-1-marks": "10", "cell-1-3-points": "11",
        "criterion-3-text": "Evidence", "criterion-3-marks": "ten", "cell-3-1-points": "x",
    }  # fmt: skip
    grid = RubricGrid.from_post(data)
    assert grid.check() is None
    assert set(errors_of(grid)) == {"cell 0 1", "row 1", "cell 1 0"}
    assert [row.text for row in grid.rows] == ["Argument", "Evidence"]
    assert grid.rows[1].cells[0].points == "x"


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ({"criterion_1_text": ""}, "row 1"),
        ({"criterion_1_marks": ""}, "row 1"),
        ({"criterion_1_marks": "2,5"}, "row 1"),
        ({"criterion_1_weight": "heavy"}, "row 1"),
        ({"level_2_text": " "}, "column 2"),
        ({"level_2_points": "-1"}, "column 2"),
        ({"cell_1_2_points": "6"}, "cell 1 2"),
        ({"cell_1_2_text": "x" * 5001}, "cell 1 2"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_check_puts_a_problem_beside_its_place_and_keeps_what_was_typed(typed, place):
    grid = grid_of(RUBRIC, **typed)
    assert grid.check() is None
    assert grid.has_errors
    assert place in errors_of(grid)
    sent = posted(grid)
    assert {name: sent[name.replace("_", "-")] for name in typed} == typed


@pytest.mark.parametrize(
    "data",
    [
        {"rows": "0", "columns": "1", "level-0-text": "Good"},
        {"rows": "1", "columns": "0", "criterion-0-text": "Argument", "criterion-0-marks": "1"},
    ],
    ids=["no-row", "no-column"],
)
def test_check_of_half_a_rubric_says_so_above_the_grid(data):
    grid = RubricGrid.from_post(data)
    assert grid.check() is None
    assert set(errors_of(grid)) == {"grid"}


def test_check_drops_no_row_of_which_only_the_weight_is_typed():
    grid = grid_of(RUBRIC)
    grid.apply("add-row")
    grid.rows[2].weight = "2"
    assert grid.check() is None
    assert grid.rows[2].weight == "2"
    assert "row 2" in errors_of(grid)


@pytest.mark.parametrize(
    ("action", "texts", "levels"),
    [
        ("add-row", ["A", "B", ""], ["X", "Y"]),
        ("add-column", ["A", "B"], ["X", "Y", ""]),
        ("remove-row-0", ["B"], ["X", "Y"]),
        ("remove-row-1", ["A"], ["X", "Y"]),
        ("remove-column-0", ["A", "B"], ["Y"]),
        ("remove-column-1", ["A", "B"], ["X"]),
    ],
)
def test_button_changes_the_grid_and_nothing_that_was_typed(action, texts, levels):
    data = {"rows": "2", "columns": "2", "criterion-0-text": "A", "criterion-1-text": "B"}
    data |= {"level-0-text": "X", "level-1-text": "Y"}
    data |= {f"cell-{i}-{j}-text": "AB"[i] + "XY"[j] for i in range(2) for j in range(2)}
    grid = RubricGrid.from_post(data)
    grid.apply(action)
    assert [row.text for row in grid.rows] == texts
    assert [column.text for column in grid.columns] == levels
    assert [[cell.text for cell in row.cells] for row in grid.rows] == [
        [text + level if text and level else "" for level in levels] for text in texts
    ]


@pytest.mark.parametrize(
    "action",
    [
        "", "save", "add", "add-cell", "remove-row", "remove-row-", "remove-row-2", "remove-row--1",
        "remove-row-x", "remove-row-" + "9" * 5000, "remove-column-3", "remove-column--1", "\x00",
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_button_that_is_none_changes_nothing(action):
    grid = grid_of(RUBRIC)
    grid.apply(action)
    assert grid.definition() == grid_of(RUBRIC).definition()


def test_grid_grows_no_larger_than_a_rubric_may_be():
    grid = RubricGrid()
    for _time in range(MAX_CRITERIA + 1):
        grid.apply("add-row")
        grid.apply("add-column")
    assert (len(grid.rows), len(grid.columns)) == (MAX_CRITERIA, MAX_LEVELS)
    assert set(grid.errors) == {
        f"At most {MAX_CRITERIA} criteria are allowed.",
        f"At most {MAX_LEVELS} levels are allowed.",
    }


@pytest.mark.parametrize("number", ["-1", "", "x", "1e9", "1.5", "\x00", "0x10", "9" * 5000])
@pytest.mark.parametrize("key", ["rows", "columns"])
def test_post_of_an_impossible_size_is_cut_to_what_may_be(key, number):
    grid = RubricGrid.from_post({"rows": "2", "columns": "2", key: number})
    assert len(grid.rows) in {0, 2}
    assert len(grid.columns) in {0, 2}
    assert grid.check() is None


def test_post_of_a_huge_size_is_cut_to_the_limits():
    grid = RubricGrid.from_post({"rows": "999999999999", "columns": "999999999999"})
    assert (len(grid.rows), len(grid.columns)) == (MAX_CRITERIA, MAX_LEVELS)


fields = st.sampled_from(
    [f"{place}-{key}" for place in ("criterion-0", "criterion-1", "level-0", "level-1", "cell-0-0")
     for key in ("text", "marks", "weight", "points", "id")]
)  # fmt: skip


@given(st.dictionaries(fields, st.text(max_size=20) | st.sampled_from(["1", "NaN", "1e5", "-0"])))
def test_post_of_anything_is_a_rubric_or_shows_its_problems(typed):
    grid = RubricGrid.from_post({"rows": "2", "columns": "2"} | typed)
    spec = grid.check()
    assert spec is None or not grid.has_errors
    if spec is None and not grid.has_errors:
        assert normalise_rubric(grid.definition()) == {}
