"""A database that several threads and processes use at the same time, and calls in threads.

The test database of SQLite lives in memory, where other rules of locking hold than in a file.
"""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management import call_command
from django.db import connection, connections

Config = dict[str, Any]


def in_threads(*calls: Callable[[], Any]) -> list[Any]:
    """Run calls at the same time, each with a connection of its own; their results in order."""

    start = threading.Barrier(len(calls), timeout=30)

    def run(call: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait()
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@contextmanager
def default_database(config: Config) -> Iterator[None]:
    """Have the alias `default` mean another database, in this thread and in new ones."""
    before, config_before = connections["default"], connections.settings["default"]
    connections.settings["default"] = config
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = config_before
        connections["default"] = before


@contextmanager
def new_database(folder: Path) -> Iterator[Config]:
    """A migrated database of its own, on the server or the kind of file that the settings name."""
    config = dict(connections.settings["default"])
    if connection.vendor == "sqlite":
        yield migrated({**config, "NAME": str(folder / "shared.sqlite3")})
        return
    name = f"test_shared_{uuid.uuid4().hex}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        yield migrated({**config, "NAME": name})
    finally:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def migrated(config: Config) -> Config:
    """A database of this configuration, brought to the newest migration."""
    with default_database(config):
        call_command("migrate", verbosity=0)
    return config


def database_url(config: Config) -> str:
    """The address of a database, for DATABASE_URL of another process."""
    if config["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{config['NAME']}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{config['NAME']}").geturl()
