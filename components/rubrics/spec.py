"""A rubric with all its points worked out, and the hash of its content."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from components.rubrics.check import CENT, normalise_rubric


@dataclass(frozen=True)
class Level:
    """A performance level as one criterion offers it.

    Attributes:
        index: its column in the rubric.
        points: what reaching it is worth, 0..max_points of its criterion.
    """

    index: int
    text: str
    description: str
    points: Decimal


@dataclass(frozen=True)
class Criterion:
    """One row of the rubric with the levels it offers, in the rubric's order."""

    index: int
    text: str
    max_points: Decimal
    weight: Decimal
    levels: tuple[Level, ...]

    def level(self, index: int) -> Level:
        """The level in column `index`.

        Raises:
            KeyError: this criterion does not offer that level.
        """
        for level in self.levels:
            if level.index == index:
                return level
        raise KeyError(index)

    @property
    def lowest_points(self) -> Decimal:
        return min(level.points for level in self.levels)


@dataclass(frozen=True)
class RubricRow:
    """A criterion with a cell per column; None where it does not offer that level."""

    criterion: Criterion
    cells: list[Level | None]


@dataclass(frozen=True)
class RubricSpec:
    """A validated rubric with all points worked out."""

    criteria: tuple[Criterion, ...]
    level_texts: tuple[str, ...]

    @property
    def rows(self) -> list[RubricRow]:
        """The grid, row by row, for a page."""
        return [
            RubricRow(
                criterion,
                [
                    next((level for level in criterion.levels if level.index == column), None)
                    for column in range(len(self.level_texts))
                ],
            )
            for criterion in self.criteria
        ]

    @property
    def max_score(self) -> Decimal:
        return sum((c.weight * c.max_points for c in self.criteria), Decimal(0)).quantize(
            CENT, ROUND_HALF_UP
        )


def parse_rubric(definition: object) -> RubricSpec | None:
    """The rubric that a definition describes, or None for the empty one.

    Raises:
        RubricError: as for :func:`normalise_rubric`.
    """
    canonical = normalise_rubric(definition)
    if not canonical:
        return None
    levels = canonical["performance_levels"]
    criteria = tuple(
        Criterion(
            index=row,
            text=criterion["text"],
            max_points=_decimal(criterion["marks"]),
            weight=_decimal(criterion.get("weight", 1)),
            levels=_levels_of(canonical, row),
        )
        for row, criterion in enumerate(canonical["criteria"])
    )
    return RubricSpec(criteria=criteria, level_texts=tuple(level["text"] for level in levels))


def without_descriptions(spec: RubricSpec) -> RubricSpec:
    """The same rubric with nothing said of what its levels look like, for those it is kept from."""
    return replace(
        spec,
        criteria=tuple(
            replace(
                criterion,
                levels=tuple(replace(level, description="") for level in criterion.levels),
            )
            for criterion in spec.criteria
        ),
    )


def definition_without_descriptions(definition: dict[str, Any]) -> dict[str, Any]:
    """The same for a canonical definition: its shape stays, each description is empty."""
    if not definition:
        return definition
    cells = [[""] * len(row) for row in definition["cell_descriptions"]]
    return {**definition, "cell_descriptions": cells}


def rubric_hash(canonical: dict[str, Any]) -> str:
    """SHA-256 (hex) of a canonical definition: the same content is the same rubric."""
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def derive_points(marks: Decimal, column: int, level_points: list[Decimal]) -> Decimal:
    """Points of the level in `column`, from the levels' own points or their order (see above).

    Args:
        marks: the criterion's points at its best.
        level_points: a number per level, the higher the better.
    """
    best = max(level_points)
    if not best:  # a single level, or levels that are all worth nothing
        return marks if len(level_points) == 1 else Decimal(0)
    return (marks * level_points[column] / best).quantize(CENT, ROUND_HALF_UP)


def scale_of(levels: list[dict[str, Any]]) -> list[Decimal]:
    """A number per level, the higher the better: its own points, or its rank from the end."""
    if "points" in levels[0]:
        return [_decimal(level["points"]) for level in levels]
    return [Decimal(len(levels) - 1 - column) for column in range(len(levels))]


def _levels_of(canonical: dict[str, Any], row: int) -> tuple[Level, ...]:
    levels = canonical["performance_levels"]
    marks = _decimal(canonical["criteria"][row]["marks"])
    cells = canonical.get("cell_points", {})
    own = cells[row] if cells else [None] * len(levels)
    scale = scale_of(levels)
    has_own = any(points is not None for points in own)
    return tuple(
        Level(
            index=column,
            text=level["text"],
            description=canonical["cell_descriptions"][row][column],
            points=_decimal(own[column]) if has_own else derive_points(marks, column, scale),
        )
        for column, level in enumerate(levels)
        if not has_own or own[column] is not None
    )


def _decimal(number: Any) -> Decimal:
    return Decimal(str(number))
