"""What a database ended in the middle, through nobody's fault."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 4
DEADLOCK = "40P01"
"""PostgreSQL's code: two transactions waited for each other, and it ended this one."""


def is_deadlock(error: Exception) -> bool:
    """Whether the database ended a transaction that waited for one that waited for it."""
    return getattr(error.__cause__, "sqlstate", "") == DEADLOCK


def through_deadlocks(service: Callable[P, R]) -> Callable[P, R]:
    """Has a service that is atomic try again after a deadlock, which undid all it had done.

    Inside a transaction of the caller there is nothing to try again: the error is raised.
    """

    @wraps(service)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
        for _try in range(TRIES - 1):
            try:
                return service(*args, **kwargs)
            except OperationalError as error:
                if not is_deadlock(error) or connection.in_atomic_block:
                    raise
        return service(*args, **kwargs)

    return attempt
