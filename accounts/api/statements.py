"""Statements whose SQL is worked out once, for what every request reads by its id."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import QuerySet, UUIDField
from django.db.models.sql.compiler import SQLCompiler

from accounts.models import User

Row = Sequence[Any]


class OneUser:
    """Reads a user by id, for every request anew, with SQL that is worked out once."""

    def __init__(self) -> None:
        self.names = [field.attname for field in User._meta.concrete_fields]
        self.statements: dict[str, Statement] = {}

    def __call__(self, key: UUID) -> User | None:
        """The user with this id, or None."""
        if connection.vendor not in self.statements:
            stand_in = uuid4()
            rows = User.objects.filter(pk=stand_in).order_by().values_list(*self.names)
            self.statements[connection.vendor] = Statement(rows, {stand_in: 0})
        row = self.statements[connection.vendor].fetch(key)
        return None if row is None else User.from_db(connection.alias, self.names, row)


class Statement:
    """The SQL of a queryset in which some ids are stand-ins for those of each call."""

    def __init__(self, rows: QuerySet[Any], stand_ins: dict[UUID, int]) -> None:
        self.compiler: SQLCompiler = rows.query.get_compiler(connection=connection)
        self.sql, parameters = self.compiler.as_sql()
        places = {_adapted(stand_in): place for stand_in, place in stand_ins.items()}
        self.parameters = list(parameters)
        self.places = [
            (index, places[value])
            for index, value in enumerate(parameters)
            if isinstance(value, Hashable) and value in places
        ]
        if {place for _index, place in self.places} != set(stand_ins.values()):
            raise ValueError("The SQL does not ask for one of the ids; it would answer anybody.")
        expressions = [expression for expression, _sql, _alias in self.compiler.select]
        self.converters = self.compiler.get_converters(expressions)

    def fetch(self, *ids: UUID) -> Row | None:
        """The first row for these ids."""
        parameters = self.parameters.copy()
        for index, place in self.places:
            parameters[index] = _adapted(ids[place])
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)
            rows: Iterable[Row] = cursor.fetchall()
        if self.converters:
            rows = self.compiler.apply_converters(rows, self.converters)
        return next(iter(rows), None)


def _adapted(key: UUID) -> Any:
    return UUIDField().get_db_prep_value(key, connection)
