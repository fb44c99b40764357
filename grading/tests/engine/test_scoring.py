"""Points, totals and confidence."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.tests.factories import RUBRIC
from grading.engine.scoring import overall_confidence, total_score
from grading.engine.types import CriterionResult, Evidence
from grading.tests.factories import spec_of

FOUND, LOST = Evidence("found", 0, 5), Evidence("lost", None, None)
NUMBERS = st.decimals(0, 10_000, places=2)


def result(confidence: int, *evidence: Evidence) -> CriterionResult:
    ten, one = Decimal(10), Decimal(1)
    return CriterionResult(0, "", 0, "", ten, ten, one, "", evidence, confidence)


@pytest.mark.parametrize(
    ("results", "total"),
    [
        ([], "0.00"),
        ([("7.5", "1"), ("2.5", "1")], "10.00"),
        ([("0.1", "1"), ("0.2", "1")], "0.30"),
        ([("3", "0.5"), ("4", "2")], "9.50"),
        ([("5", "0")], "0.00"),
        ([("0.01", "0.5")], "0.01"),
        ([("0.01", "0.49")], "0.00"),
        ([("1.005", "1")], "1.01"),
        ([("2.665", "1")], "2.67"),
    ],
)
def test_total_is_weighted_exact_and_rounded_half_up(results, total):
    pairs = [(Decimal(points), Decimal(weight)) for points, weight in results]
    assert str(total_score(pairs)) == total


def test_total_is_rounded_once_at_the_end():
    assert total_score([(Decimal("0.01"), Decimal("0.4"))] * 5) == Decimal("0.02")


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20), st.data())
def test_total_lies_between_nothing_and_the_best(criteria, data):
    marks = [{"text": "c", "marks": str(m), "weight": str(w)} for m, w in criteria]
    spec = spec_of({**RUBRIC, "criteria": marks, "cell_descriptions": []})
    picked = [(data.draw(st.sampled_from(c.levels)).points, c.weight) for c in spec.criteria]
    assert 0 <= total_score(picked) <= spec.max_score


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20))
def test_best_levels_everywhere_reach_the_best_score(criteria):
    marks = [{"text": "c", "marks": str(m), "weight": str(w)} for m, w in criteria]
    spec = spec_of({**RUBRIC, "criteria": marks, "cell_descriptions": []})
    best = [(max(level.points for level in c.levels), c.weight) for c in spec.criteria]
    assert total_score(best) == spec.max_score


@pytest.mark.parametrize(
    ("criteria", "confidence"),
    [
        ([], 0),
        ([result(80)], 80),
        ([result(80, FOUND)], 80),
        ([result(80), result(30, FOUND), result(90)], 30),
        ([result(80, FOUND, LOST)], 50),
        ([result(40, FOUND, LOST)], 40),
        ([result(80, FOUND, FOUND, LOST)], 66),
        ([result(100), result(80, LOST)], 0),
    ],
)
def test_confidence_is_that_of_the_weakest_criterion(criteria, confidence):
    assert overall_confidence(criteria) == confidence
