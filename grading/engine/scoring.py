"""Points, totals and confidence: computed here, exactly, never taken from a model."""

from collections import Counter
from collections.abc import Iterable, Sequence
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


def criterion_confidence(
    self_reports: Sequence[int], verified: int, quoted: int, levels: Sequence[int]
) -> int:
    """How far to trust the level of one criterion, 0 to 100, rounded down.

    A rule of our own, made of what can be checked::

        min(lowest self-report, 100 * verified / quoted) * agreeing / opinions

    A criterion is trusted as far as its least sure opinion trusts itself, no further than the
    share of its quotes that really stand in the answer (where there are no quotes, the
    self-report counts alone), and less by the share of opinions that chose another level. The
    level in force is one that most opinions chose, so that as many of them agree with it.

    Args:
        self_reports: what the provider says of itself, 0 to 100, one per opinion; at least one.
        verified: how many of the quotes stand in the answer.
        quoted: how many quotes there are.
        levels: the level's column in each opinion, at least one.
    """
    trusted = min(self_reports)
    if quoted:
        trusted = min(trusted, 100 * verified // quoted)
    agreeing = max(Counter(levels).values())
    return trusted * agreeing // len(levels)


def overall_confidence(criteria: Iterable[CriterionResult]) -> int:
    """How far to trust an evaluation as a whole, 0 to 100: as far as its weakest criterion."""
    return min((criterion.confidence for criterion in criteria), default=0)
