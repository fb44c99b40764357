"""What each level is worth."""

from decimal import Decimal

import pytest
from hypothesis import given

from components.rubrics import (
    RubricError,
    definition_without_descriptions,
    normalise_rubric,
    parse_rubric,
    without_descriptions,
)
from components.tests.rubrics.test_check import CONTRACT, definitions


def rubric(marks=10, levels=3, **criterion):
    """A rubric of one criterion."""
    return {
        "criteria": [{"text": "Argument", "marks": marks, **criterion}],
        "performance_levels": [{"text": f"Level {number}"} for number in range(levels)],
        "cell_descriptions": [],
    }


def spec_of(definition):
    spec = parse_rubric(definition)
    assert spec is not None
    return spec


def points_of(definition, row=0):
    return [level.points for level in spec_of(definition).criteria[row].levels]


def decimals(*numbers):
    return [Decimal(number) for number in numbers]


def test_empty_rubric_has_no_spec():
    assert parse_rubric({}) is None


def test_malformed_rubric_is_refused():
    with pytest.raises(RubricError):
        parse_rubric({"criteria": 1})


@pytest.mark.parametrize(
    ("levels", "points"),
    [
        (1, ["10"]),
        (2, ["10", "0"]),
        (3, ["10", "5", "0"]),
        (4, ["10", "6.67", "3.33", "0"]),
        (5, ["10", "7.5", "5", "2.5", "0"]),
        (7, ["10", "8.33", "6.67", "5", "3.33", "1.67", "0"]),
    ],
)
def test_points_follow_from_marks_and_the_order_of_levels(levels, points):
    assert points_of(rubric(levels=levels)) == decimals(*points)


@pytest.mark.parametrize(
    ("level_points", "points"),
    [
        ([4, 3, 0], ["10", "7.5", "0"]),
        ([0, 1, 2], ["0", "5", "10"]),
        ([3, 2, 1], ["10", "6.67", "3.33"]),
        ([10, 10, 10], ["10", "10", "10"]),
        ([0.5, 0.25, 0], ["10", "5", "0"]),
    ],
)
def test_points_follow_from_the_levels_own_points(level_points, points):
    definition = rubric()
    for level, worth in zip(definition["performance_levels"], level_points, strict=True):
        level["points"] = worth
    assert points_of(definition) == decimals(*points)


def test_cell_points_override_and_null_takes_the_level_away():
    definition = {**rubric(), "cell_points": [[9.5, None, 1]]}
    (criterion,) = spec_of(definition).criteria
    assert [(level.index, level.points) for level in criterion.levels] == [
        (0, Decimal("9.5")),
        (2, Decimal(1)),
    ]
    assert criterion.lowest_points == 1
    with pytest.raises(KeyError):
        criterion.level(1)
    assert criterion.level(2).text == "Level 2"


def test_cell_points_of_one_row_leave_the_other_rows_alone():
    definition = {**CONTRACT, "cell_points": [[9, None, 1], [None, None, None]]}
    assert points_of(definition, row=0) == decimals("9", "1")
    assert points_of(definition, row=1) == decimals("5", "2.5", "0")


def test_rows_of_the_grid_have_a_cell_per_column():
    spec = spec_of({**CONTRACT, "cell_points": [[9, None, 1], [None, None, None]]})
    assert [[cell and cell.description for cell in row.cells] for row in spec.rows] == [
        ["a", None, "c"],
        ["d", "e", "f"],
    ]
    assert spec.level_texts == ("Excellent", "Good", "Poor")


@pytest.mark.parametrize(
    ("marks", "weight", "best"),
    [(10, None, "10"), (10, 2, "20"), (0.1, 3, "0.3"), (3.33, 0.33, "1.1"), (10, 0, "0")],
)
def test_best_score_counts_each_criterion_by_its_weight(marks, weight, best):
    spec = spec_of(rubric(marks=marks, weight=weight))
    assert spec.max_score == Decimal(best)


def test_best_score_is_the_sum_of_all_criteria():
    assert spec_of(CONTRACT).max_score == 15


@given(definitions())
def test_points_are_never_below_zero_or_above_the_marks(definition):
    spec = spec_of(definition)
    for criterion in spec.criteria:
        assert criterion.levels
        assert all(0 <= level.points <= criterion.max_points for level in criterion.levels)
    assert len(spec.rows) == len(definition["criteria"])


@given(definitions())
def test_rubric_without_descriptions_keeps_all_the_rest(definition):
    canonical = normalise_rubric(definition)
    blank = definition_without_descriptions(canonical)
    spec = parse_rubric(canonical)
    if spec is None:
        assert blank == canonical
        return
    assert without_descriptions(spec) == parse_rubric(blank)
    assert {**blank, "cell_descriptions": canonical["cell_descriptions"]} == canonical
    cells = [cell for row in without_descriptions(spec).rows for cell in row.cells if cell]
    assert {cell.description for cell in cells} <= {""}


def test_rubric_without_descriptions_leaves_the_original_alone():
    spec = spec_of(CONTRACT)
    before = [level.description for criterion in spec.criteria for level in criterion.levels]
    without_descriptions(spec)
    definition_without_descriptions(CONTRACT)
    assert [level.description for c in spec.criteria for level in c.levels] == before
    assert any(before)
