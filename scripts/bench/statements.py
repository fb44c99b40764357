"""Counts the SQL statements of several processes, in eight bytes of a file each."""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import Any

from django.db.backends.signals import connection_created

SIZE = struct.calcsize("Q")
_counter: mmap.mmap | None = None
_pid = 0


def counted(path: Path) -> int:
    """How many statements all processes counted so far."""
    files = path.parent.glob(f"{path.name}.*")
    return sum(struct.unpack("Q", file.read_bytes()[:SIZE])[0] for file in files)


def count_statements(path: str) -> None:
    """Have each connection of this process, and of its children, count its statements."""

    def on_connection(connection: Any, **_kwargs: Any) -> None:
        if _count not in connection.execute_wrappers:
            connection.execute_wrappers.append(_count)

    def _count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        global _counter, _pid  # noqa: PLW0603 (one counter a process, made anew after a fork)
        if _counter is None or _pid != os.getpid():
            _pid = os.getpid()
            file = Path(f"{path}.{_pid}")
            file.write_bytes(bytes(SIZE))
            with file.open("r+b") as opened:
                _counter = mmap.mmap(opened.fileno(), SIZE)
        struct.pack_into("Q", _counter, 0, struct.unpack_from("Q", _counter)[0] + 1)
        return execute(sql, params, many, context)

    connection_created.connect(on_connection, weak=False)
