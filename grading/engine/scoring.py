"""Points, totals and confidence: computed here, exactly, never taken from a model."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from grading.engine.types import CriterionResult

CENT = Decimal("0.01")


def total_score(results: Iterable[tuple[Decimal, Decimal]]) -> Decimal:
    """The weighted sum of points, rounded half up to two decimals.

    Args:
        results: (points, weight) per criterion.
    """
    total = sum((points * weight for points, weight in results), Decimal(0))
    return total.quantize(CENT, ROUND_HALF_UP)


def overall_confidence(criteria: Iterable[CriterionResult]) -> int:
    """How far to trust an evaluation as a whole, 0 to 100: as far as its weakest criterion.

    A criterion is trusted as far as the provider trusts itself, and no further than the share
    of its quotes that really stand in the answer.
    """
    return min((_confidence(criterion) for criterion in criteria), default=0)


def _confidence(criterion: CriterionResult) -> int:
    if not criterion.evidence:
        return criterion.confidence
    verified = sum(evidence.is_verified for evidence in criterion.evidence)
    return min(criterion.confidence, 100 * verified // len(criterion.evidence))
