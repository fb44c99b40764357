"""The one validator of rubric definitions: forms, the API and imports all come through here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from accounts.text import UNSTORABLE

MAX_CRITERIA = 50
MAX_LEVELS = 20
MAX_TEXT = 5000
MAX_NUMBER = Decimal(10_000)
CENT = Decimal("0.01")


@dataclass(frozen=True)
class RubricProblem:
    """One thing wrong with a definition. Rows and columns count from 0; None is the whole."""

    message: str
    row: int | None = None
    column: int | None = None
    key: str = ""

    def __str__(self) -> str:
        parts = []
        if self.row is not None:
            parts.append(_("row %(number)d") % {"number": self.row + 1})
        if self.column is not None:
            parts.append(_("column %(number)d") % {"number": self.column + 1})
        if self.key:
            parts.append(self.key.replace("_", " "))
        place = ", ".join(parts)
        return f"{place[0].upper()}{place[1:]}: {self.message}" if place else self.message


class RubricError(Exception):
    """A definition that is no rubric, with every problem found."""

    def __init__(self, problems: list[RubricProblem]) -> None:
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems = problems


def normalise_rubric(definition: object) -> dict[str, Any]:
    """The canonical form of a definition: known keys, trimmed texts, plain numbers.

    Two definitions that mean the same have the same canonical form. `{}`, and a grid without
    any criterion or level, come out as `{}`.

    Raises:
        RubricError: naming every wrong row, column and cell.
    """
    return _Checker().definition(definition)


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


@dataclass
class _Checker:
    """Walks a definition once and gathers every problem, so that a person mends all at once."""

    problems: list[RubricProblem] = field(default_factory=list)

    def definition(self, definition: object) -> dict[str, Any]:
        if not isinstance(definition, dict):
            raise RubricError([RubricProblem(_("A rubric is an object, or {} for none."))])
        known = {"criteria", "performance_levels", "cell_descriptions", "cell_points"}
        self._unknown_keys(definition, known)
        criteria = self._items(definition, "criteria", MAX_CRITERIA, self._criterion)
        levels = self._items(definition, "performance_levels", MAX_LEVELS, self._level)
        if criteria is None or levels is None:
            raise RubricError(self.problems)
        if not self.problems and self._is_empty(definition, criteria, levels):
            return {}
        self._not_half_empty(criteria, levels)
        self._all_or_no_points(levels)
        canonical = {
            "criteria": criteria,
            "performance_levels": levels,
            "cell_descriptions": self._grid(
                definition, "cell_descriptions", criteria, levels, self._description
            ),
        }
        points = self._grid(definition, "cell_points", criteria, levels, self._cell_points)
        self._own_points_fit(criteria, points)
        if any(cell is not None for row in points for cell in row):
            canonical["cell_points"] = points
        if self.problems:
            raise RubricError(self.problems)
        return canonical

    def _add(
        self, message: str, row: int | None = None, column: int | None = None, key: str = ""
    ) -> None:
        self.problems.append(RubricProblem(message, row, column, key))

    def _is_empty(self, definition: dict[str, Any], criteria: list[Any], levels: list[Any]) -> bool:
        cells = (definition.get("cell_descriptions"), definition.get("cell_points"))
        return not criteria and not levels and all(rows is None or rows == [] for rows in cells)

    def _unknown_keys(
        self,
        item: dict[Any, Any],
        known: set[str],
        row: int | None = None,
        column: int | None = None,
    ) -> None:
        for key in sorted(str(key) for key in item.keys() - known):
            shown = UNSTORABLE.sub("?", key)
            self._add(_("Unknown key; allowed: %s.") % ", ".join(sorted(known)), row, column, shown)

    def _items(
        self,
        definition: dict[str, Any],
        key: str,
        limit: int,
        check: Callable[[dict[str, Any], int], dict[str, Any]],
    ) -> list[dict[str, Any]] | None:
        items = definition.get(key, [])
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            self._add(_("Must be a list of objects."), key=key)
            return None
        if len(items) > limit:
            self._add(_("At most %d are allowed.") % limit, key=key)
            return None
        return [check(item, index) for index, item in enumerate(items)]

    def _criterion(self, item: dict[str, Any], row: int) -> dict[str, Any]:
        self._unknown_keys(item, {"id", "text", "marks", "weight"}, row)
        criterion: dict[str, Any] = {
            "text": self._text(item.get("text"), row, None, "text", required=True),
            "marks": self._number(item.get("marks"), row, None, "marks"),
        }
        if item.get("weight") is not None:
            weight = self._number(item["weight"], row, None, "weight")
            if weight != 1:
                criterion["weight"] = weight
        return self._with_id(criterion, item, row, None)

    def _level(self, item: dict[str, Any], column: int) -> dict[str, Any]:
        self._unknown_keys(item, {"id", "text", "points"}, None, column)
        level: dict[str, Any] = {
            "text": " ".join(
                self._text(item.get("text"), None, column, "text", required=True).split()
            )
        }
        if item.get("points") is not None:
            level["points"] = self._number(item["points"], None, column, "points")
        return self._with_id(level, item, None, column)

    def _with_id(
        self, result: dict[str, Any], item: dict[str, Any], row: int | None, column: int | None
    ) -> dict[str, Any]:
        if item.get("id") is not None:
            result["id"] = self._text(item["id"], row, column, "id", required=True)
        return result

    def _not_half_empty(self, criteria: list[Any], levels: list[Any]) -> None:
        if not criteria:
            self._add(_("A rubric needs at least one criterion."), key="criteria")
        if not levels:
            self._add(_("A rubric needs at least one performance level."), key="performance_levels")

    def _all_or_no_points(self, levels: list[dict[str, Any]]) -> None:
        bare = [column for column, level in enumerate(levels) if "points" not in level]
        if bare and len(bare) < len(levels):
            for column in bare:
                self._add(_("Give every level points, or none."), None, column, "points")
        if levels and not bare and not any(level["points"] for level in levels):
            self._add(_("At least one level must be worth more than 0 points."), key="points")

    def _grid(
        self,
        definition: dict[str, Any],
        key: str,
        criteria: list[Any],
        levels: list[Any],
        check: Callable[[Any, int, int], Any],
    ) -> list[list[Any]]:
        rows = definition.get(key)
        if rows is None or rows == []:
            rows = [[None] * len(levels) for _row in criteria]
        if not isinstance(rows, list) or len(rows) != len(criteria):
            self._add(_("Must have one row per criterion (%d).") % len(criteria), key=key)
            return []
        return [self._row(row, index, key, levels, check) for index, row in enumerate(rows)]

    def _row(
        self,
        row: Any,
        index: int,
        key: str,
        levels: list[Any],
        check: Callable[[Any, int, int], Any],
    ) -> list[Any]:
        if not isinstance(row, list) or len(row) != len(levels):
            message = _("Must have one cell per performance level (%d).") % len(levels)
            self._add(message, index, None, key)
            return []
        return [check(cell, index, column) for column, cell in enumerate(row)]

    def _description(self, cell: Any, row: int, column: int) -> str:
        return "" if cell is None else self._text(cell, row, column, "description")

    def _cell_points(self, cell: Any, row: int, column: int) -> int | float | None:
        return None if cell is None else self._number(cell, row, column, "points")

    def _own_points_fit(self, criteria: list[dict[str, Any]], points: list[list[Any]]) -> None:
        for row, (criterion, cells) in enumerate(zip(criteria, points, strict=False)):
            for column, cell in enumerate(cells):
                if cell is not None and cell > criterion["marks"]:
                    message = _("More points than the criterion's marks (%s).") % criterion["marks"]
                    self._add(message, row, column, "points")

    def _text(
        self, value: Any, row: int | None, column: int | None, key: str, *, required: bool = False
    ) -> str:
        if not isinstance(value, str):
            self._add(_("Must be a text."), row, column, key)
            return ""
        text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
        if UNSTORABLE.search(text):
            self._add(_("Contains a NUL character or half of a character."), row, column, key)
        if required and not text:
            self._add(_("Must not be empty."), row, column, key)
        if len(text) > MAX_TEXT:
            self._add(_("At most %d characters are allowed.") % MAX_TEXT, row, column, key)
        return text

    def _number(self, value: Any, row: int | None, column: int | None, key: str) -> int | float:
        message = _("Must be a number from 0 to %s with at most two decimals.") % MAX_NUMBER
        try:
            number = Decimal("nan") if isinstance(value, bool) else Decimal(str(value))
            is_valid = 0 <= number <= MAX_NUMBER and number == number.quantize(CENT)
        except (InvalidOperation, ValueError):
            is_valid = False
        if not is_valid:
            self._add(message, row, column, key)
            return 0
        return _plain(number)
