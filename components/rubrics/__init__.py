"""The rubric: its one validator, its canonical form, and the points that follow from it.

A definition is the JSON of the API contract::

    {"criteria": [{"text", "marks"}],            row i, worth `marks` points at its best
     "performance_levels": [{"text"}],           column j, from best to worst
     "cell_descriptions": [["..."]]}             what criterion i looks like at level j

and may carry keys of our own: `weight` on a criterion (its share in the total, 1 by default),
`points` on every level (its worth relative to the best), `cell_points` (a row of points per level
that overrides both; null means that this criterion does not offer that level), and `id` on
criteria and levels. `{}` says that there is no rubric.

Points of a level, the first that applies:

1. `cell_points[i][j]`;
2. marks x level points / highest level points, where the levels carry points;
3. marks x (n - 1 - j) / (n - 1) for n levels from best to worst: full marks at the best, none at
   the worst; a single level is worth full marks.
"""

from components.rubrics.check import CENT, RubricError, RubricProblem, normalise_rubric
from components.rubrics.spec import (
    Criterion,
    Level,
    RubricSpec,
    definition_without_descriptions,
    parse_rubric,
    rubric_hash,
    without_descriptions,
)

__all__ = [
    "CENT",
    "Criterion",
    "Level",
    "RubricError",
    "RubricProblem",
    "RubricSpec",
    "definition_without_descriptions",
    "normalise_rubric",
    "parse_rubric",
    "rubric_hash",
    "without_descriptions",
]
