"""The rubric editor's grid: what the browser posts, as a definition, and back.

Fields are named by place: `criterion-0-text`, `criterion-0-marks`, `criterion-0-weight`,
`level-0-text`, `level-0-points`, `cell-0-0-text`, `cell-0-0-points`, with the numbers of rows and
columns in `rows` and `columns`. Nothing that was typed is ever dropped: texts stay as they are
until the validator has seen them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from accounts.http import whole_number
from components.rubrics import RubricError, RubricProblem, RubricSpec, parse_rubric
from components.rubrics.check import MAX_CRITERIA, MAX_LEVELS

NEW_ROWS = 3
NEW_LEVELS = ("Excellent", "Good", "Adequate", "Poor")


@dataclass
class Cell:
    text: str = ""
    points: str = ""
    errors: list[str] = field(default_factory=list)
    worth: str = ""


@dataclass
class Row:
    text: str = ""
    marks: str = ""
    weight: str = ""
    id: str = ""
    cells: list[Cell] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def has_own_points(self) -> bool:
        return any(cell.points.strip() for cell in self.cells)

    def require_points_of_described_cells(self) -> None:
        """A level without points is none of this criterion's; one with a text is meant to be."""
        for cell in self.cells:
            if cell.text.strip() and not cell.points.strip():
                cell.errors.append(
                    _("Give this cell points as well: others of its row have their own.")
                )


@dataclass
class Column:
    text: str = ""
    points: str = ""
    id: str = ""
    errors: list[str] = field(default_factory=list)


@dataclass
class RubricGrid:
    """A rubric as it stands in the editor, right or wrong, with what is wrong beside each place."""

    rows: list[Row] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    total: str = ""

    @classmethod
    def blank(cls) -> RubricGrid:
        """What the editor starts from where there is no rubric yet."""
        columns = [Column(text=text) for text in NEW_LEVELS]
        rows = [Row(cells=[Cell() for _column in columns]) for _row in range(NEW_ROWS)]
        return cls(rows=rows, columns=columns)

    @classmethod
    def from_definition(cls, definition: Mapping[str, Any]) -> RubricGrid:
        """The grid of a canonical definition; a blank one for the empty rubric."""
        if not definition:
            return cls.blank()
        columns = [
            Column(level["text"], _shown(level.get("points")), level.get("id", ""))
            for level in definition["performance_levels"]
        ]
        points = definition.get("cell_points") or [[None] * len(columns)] * len(
            definition["criteria"]
        )
        rows = [
            Row(
                text=criterion["text"],
                marks=_shown(criterion["marks"]),
                weight=_shown(criterion.get("weight")),
                id=criterion.get("id", ""),
                cells=[
                    Cell(text, _shown(worth)) for text, worth in zip(texts, worths, strict=True)
                ],
            )
            for criterion, texts, worths in zip(
                definition["criteria"], definition["cell_descriptions"], points, strict=True
            )
        ]
        return cls(rows=rows, columns=columns)

    @classmethod
    def from_post(cls, data: Mapping[str, str]) -> RubricGrid:
        """What the browser sent."""

        def typed(place: str, *keys: str) -> dict[str, Any]:
            return {key: data.get(f"{place}-{key}", "") for key in keys}

        columns = [
            Column(**typed(f"level-{j}", "text", "points", "id"))
            for j in range(_count(data, "columns", MAX_LEVELS))
        ]
        rows = [
            Row(
                **typed(f"criterion-{i}", "text", "marks", "weight", "id"),
                cells=[
                    Cell(**typed(f"cell-{i}-{j}", "text", "points")) for j in range(len(columns))
                ],
            )
            for i in range(_count(data, "rows", MAX_CRITERIA))
        ]
        return cls(rows=rows, columns=columns)

    def apply(self, action: str) -> None:
        """Carry out one of the editor's buttons: `add-row`, `remove-row-2`, `add-column` ...

        What is impossible changes nothing and says why.
        """
        verb, _separator, place = action.rpartition("-")
        index = whole_number(place, -1)
        if action == "add-row":
            self._add_row()
        elif action == "add-column":
            self._add_column()
        elif verb == "remove-row" and 0 <= index < len(self.rows):
            del self.rows[index]
        elif verb == "remove-column" and 0 <= index < len(self.columns):
            self._remove_column(index)

    def definition(self) -> dict[str, Any]:
        """The rubric that the grid describes; rows and columns left wholly empty do not count."""
        filled = [j for j in range(len(self.columns)) if self._column_is_used(j)]
        rows = [row for row in self.rows if _row_is_used(row, filled)]
        definition: dict[str, Any] = {
            "criteria": [_without_blanks(row, "text", "marks", "weight", "id") for row in rows],
            "performance_levels": [
                _without_blanks(self.columns[j], "text", "points", "id") for j in filled
            ],
            "cell_descriptions": [[row.cells[j].text for j in filled] for row in rows],
        }
        points = [[row.cells[j].points.strip() or None for j in filled] for row in rows]
        if any(worth is not None for worths in points for worth in worths):
            definition["cell_points"] = points
        return definition

    def refuse_accidents(self, *, may_be_empty: bool) -> None:
        """Mark what a rubric may be, but what nobody means who saves this grid.

        Args:
            may_be_empty: there was a rubric, and emptying the grid takes it away.
        """
        if not self.rows and not self.columns and not may_be_empty:
            blank = RubricGrid.blank()
            self.rows, self.columns = blank.rows, blank.columns
            self.errors.append(_("Write at least one criterion and one level."))
        for row in self.rows:
            if row.has_own_points:
                row.require_points_of_described_cells()

    def check(self) -> RubricSpec | None:
        """Put every problem beside its place, and show what each cell is worth where all is right.

        Returns:
            The rubric, or None where it is empty or wrong (then :attr:`has_errors` tells which).
        """
        self._tidy()
        try:
            spec = parse_rubric(self.definition())
        except RubricError as error:
            for problem in error.problems:
                self._place(problem)
            return None
        if spec is not None:
            self.total = f"{spec.max_score.normalize():f}"
            for criterion, row in zip(spec.criteria, self.rows, strict=True):
                for level in criterion.levels:
                    row.cells[level.index].worth = f"{level.points.normalize():f}"
        return spec

    @property
    def has_errors(self) -> bool:
        cells = [cell for row in self.rows for cell in row.cells]
        places: list[RubricGrid | Row | Column | Cell] = [self, *self.rows, *self.columns, *cells]
        return any(place.errors for place in places)

    def _tidy(self) -> None:
        """Drop rows and columns left wholly empty, so that places in errors are places here."""
        filled = [j for j in range(len(self.columns)) if self._column_is_used(j)]
        self.rows = [row for row in self.rows if _row_is_used(row, filled)]
        self.columns = [self.columns[j] for j in filled]
        for row in self.rows:
            row.cells = [row.cells[j] for j in filled]

    def _place(self, problem: RubricProblem) -> None:
        place: Any = self
        if problem.row is not None and problem.row < len(self.rows):
            place = self.rows[problem.row]
            if problem.column is not None and problem.column < len(self.columns):
                place = place.cells[problem.column]
        elif problem.column is not None and problem.column < len(self.columns):
            place = self.columns[problem.column]
        place.errors.append(str(problem))

    def _add_row(self) -> None:
        if len(self.rows) < MAX_CRITERIA:
            self.rows.append(Row(cells=[Cell() for _column in self.columns]))
        else:
            self.errors.append(_("At most %d criteria are allowed.") % MAX_CRITERIA)

    def _add_column(self) -> None:
        if len(self.columns) < MAX_LEVELS:
            self.columns.append(Column())
            for row in self.rows:
                row.cells.append(Cell())
        else:
            self.errors.append(_("At most %d levels are allowed.") % MAX_LEVELS)

    def _remove_column(self, index: int) -> None:
        del self.columns[index]
        for row in self.rows:
            del row.cells[index]

    def _column_is_used(self, index: int) -> bool:
        column = self.columns[index]
        cells = (row.cells[index] for row in self.rows)
        return bool(
            column.text.strip()
            or column.points.strip()
            or any(cell.text.strip() or cell.points.strip() for cell in cells)
        )


def _row_is_used(row: Row, columns: list[int]) -> bool:
    cells = (row.cells[j] for j in columns)
    return bool(
        row.text.strip()
        or row.marks.strip()
        or row.weight.strip()
        or any(cell.text.strip() or cell.points.strip() for cell in cells)
    )


def _without_blanks(item: Row | Column, *keys: str) -> dict[str, str]:
    values = {key: getattr(item, key).strip() for key in keys}
    return {key: value for key, value in values.items() if value or key == "text"}


def _shown(number: float | None) -> str:
    return "" if number is None else str(number)


def _count(data: Mapping[str, str], key: str, limit: int) -> int:
    return max(0, min(whole_number(data.get(key), 0), limit))
