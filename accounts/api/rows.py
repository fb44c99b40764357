"""Reading for an answer: just the columns that a serializer names, and no model objects.

A serializer's declared fields say both what the schema documents and what is read. A page of a
list is a query for tuples; a single object is one statement whose SQL is worked out once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from accounts.api.base import ServiceSerializer
from accounts.api.statements import Row, Statement
from accounts.enums import Role
from accounts.models import User

Reader = Callable[[Row], Any]


class RowSerializer(ServiceSerializer):
    """A serializer that represents rows of a queryset instead of objects.

    Each field is read from the column of its `source`. One that is made of several, or of another,
    names them as `columns` and makes itself in `from_columns`. A nested serializer is null where
    its `key` is.
    """

    key: ClassVar[str] = "pk"

    @classmethod
    def rows(cls, queryset: QuerySet[Any]) -> list[dict[str, Any]]:
        """The rows of a queryset as the answer's JSON; one query."""
        plan = plan_of(cls)
        return [plan.read(row) for row in queryset.values_list(*plan.columns)]

    @classmethod
    def rows_of(cls, queryset: QuerySet[Any], keys: list[UUID]) -> list[dict[str, Any]]:
        """The rows with these ids, in their order; one query."""
        plan = plan_of(cls)
        found = queryset.filter(pk__in=keys).order_by().values_list("pk", *plan.columns)
        by_key = {row[0]: plan.read(row[1:]) for row in found}
        return [by_key[key] for key in keys if key in by_key]

    @classmethod
    def row(cls, instance: Any) -> dict[str, Any]:
        """An object that is there already as the answer's JSON; no query for its own columns."""
        plan = plan_of(cls)
        return plan.read([getattr(instance, column) for column in plan.columns])


@dataclass(frozen=True)
class Plan:
    """The columns to ask for, and what makes an answer of a row of them."""

    columns: list[str]
    read: Reader


@cache
def plan_of(serializer: type[RowSerializer]) -> Plan:
    """How to read what a serializer represents."""
    columns: list[str] = []
    read = _nested_reader(serializer(), "", columns)
    return Plan(columns, read)


class OneRow:
    """Reads one row by its id, with SQL that is worked out once per role and database.

    Args:
        serializer: says what is read.
        visible: the queryset that a user may read from.
        shared_by: the roles of which everybody reads the same rows.
    """

    def __init__(
        self,
        serializer: type[RowSerializer],
        visible: Callable[[User], QuerySet[Any]],
        shared_by: tuple[Role, ...] = (Role.ADMIN,),
    ) -> None:
        self.plan = plan_of(serializer)
        self.visible = visible
        self.shared_by = shared_by
        self.statements: dict[tuple[str, str], Statement | None] = {}

    def __call__(self, user: User, key: UUID) -> dict[str, Any] | None:
        """The row as the answer's JSON; None where there is none that the user may read."""
        kind = (user.role, connection.vendor)
        if kind not in self.statements:
            self.statements[kind] = self._prepared(Role(user.role))
        statement = self.statements[kind]
        row = statement.fetch(user.pk, key) if statement else None
        return None if row is None else self.plan.read(row)

    def _prepared(self, role: Role) -> Statement | None:
        user, key = User(pk=uuid4(), role=role), uuid4()
        rows = self.visible(user).filter(pk=key).order_by().values_list(*self.plan.columns)
        stand_ins = {key: 1} if role in self.shared_by else {user.pk: 0, key: 1}
        try:
            return Statement(rows, stand_ins)
        except EmptyResultSet:
            return None  # nothing of this kind is for this role


def _reader(field: Any, prefix: str, columns: list[str]) -> Reader:
    """What reads a field; the columns it needs are added to `columns`."""
    if hasattr(field, "columns"):
        places = [_place(prefix + name, columns) for name in field.columns]
        make = field.from_columns
        return lambda row: make(*[row[place] for place in places])
    name = prefix + field.source.replace(".", "__")
    if isinstance(field, RowSerializer):
        return _nested_reader(field, f"{name}__", columns)
    return itemgetter(_place(name, columns))


def _nested_reader(serializer: RowSerializer, prefix: str, columns: list[str]) -> Reader:
    key = _place(prefix + serializer.key, columns)
    readers = [
        (name, _reader(field, prefix, columns))
        for name, field in serializer.fields.items()
        if not field.write_only
    ]
    return lambda row: None if row[key] is None else {name: read(row) for name, read in readers}


def _place(name: str, columns: list[str]) -> int:
    if name not in columns:
        columns.append(name)
    return columns.index(name)
