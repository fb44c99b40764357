"""How far two graders agree."""

from __future__ import annotations

from collections.abc import Sequence

Pair = tuple[int, int]


def exact(pairs: Sequence[Pair]) -> float:
    """The share of pairs that are equal; 0 for none."""
    return sum(first == second for first, second in pairs) / len(pairs) if pairs else 0.0


def quadratic_weighted_kappa(pairs: Sequence[Pair]) -> float:
    """Cohen's kappa with quadratic weights (Cohen 1968): 1 is agreement, 0 is chance.

    1 - sum(observed disagreement) / sum(expected disagreement), where a disagreement of d points
    weighs d squared and the expected one pairs every first score with every second. 0 where neither
    grader ever differs from a single score.
    """
    if not pairs:
        return 0.0
    observed = sum((first - second) ** 2 for first, second in pairs) / len(pairs)
    expected = sum((a - b) ** 2 for a, _b in pairs for _a, b in pairs) / len(pairs) ** 2
    return 1 - observed / expected if expected else 0.0
