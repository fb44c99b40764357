"""Points, totals and confidence."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.tests.factories import RUBRIC
from grading.engine.scoring import criterion_confidence, overall_confidence, total_score
from grading.engine.types import CriterionResult
from grading.tests.engine.strategies import rubrics, spec_of

NUMBERS = st.decimals(0, 10_000, places=2)


def result(confidence: int) -> CriterionResult:
    ten, one = Decimal(10), Decimal(1)
    return CriterionResult(0, "", 0, "", ten, ten, one, "", (), confidence)


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


@given(st.data(), rubrics())
def test_total_of_any_rubric_is_exact_and_in_range(data, spec):
    picked = [(data.draw(st.sampled_from(c.levels)).points, c.weight) for c in spec.criteria]
    exact = sum((Fraction(points) * Fraction(weight) for points, weight in picked), Fraction())
    total = total_score(picked)
    assert 0 <= total <= spec.max_score
    assert Fraction(total) == Fraction((exact * 100 + Fraction(1, 2)).__floor__(), 100)


@pytest.mark.parametrize(
    ("self_reports", "verified", "quoted", "levels", "confidence"),
    [
        ([80], 0, 0, [0], 80),
        ([80], 1, 1, [0], 80),
        ([80], 1, 2, [0], 50),
        ([40], 1, 2, [0], 40),
        ([80], 2, 3, [0], 66),
        ([80], 0, 1, [0], 0),
        ([80, 60], 1, 1, [1, 1], 60),
        ([80, 80], 1, 1, [0, 1], 40),
        ([90, 90, 80], 1, 1, [0, 1, 1], 53),
        ([100] * 5, 1, 2, [0, 1, 1, 2, 1], 30),
        ([100], 1, 1, [3], 100),
    ],
)
def test_confidence_of_a_criterion(self_reports, verified, quoted, levels, confidence):
    assert criterion_confidence(self_reports, verified, quoted, levels) == confidence


@given(st.data(), st.integers(1, 5), st.integers(0, 12))
def test_confidence_is_no_more_than_any_of_its_parts(data, opinions, quoted):
    reports = data.draw(st.lists(st.integers(0, 100), min_size=opinions, max_size=opinions))
    levels = data.draw(st.lists(st.integers(0, 4), min_size=opinions, max_size=opinions))
    verified = data.draw(st.integers(0, quoted))
    confidence = criterion_confidence(reports, verified, quoted, levels)
    assert 0 <= confidence <= min(reports)
    if quoted:
        assert confidence <= 100 * verified / quoted
    if len(set(levels)) == 1 and verified == quoted:
        assert confidence == min(reports)


@pytest.mark.parametrize(("confidences", "overall"), [([], 0), ([80], 80), ([80, 30, 90], 30)])
def test_evaluation_is_trusted_as_far_as_its_weakest_criterion(confidences, overall):
    assert overall_confidence([result(confidence) for confidence in confidences]) == overall
