"""What every fake of the world outside has in common: a real server on the loopback interface."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Generic, Self, TypeVar

C = TypeVar("C")
R = TypeVar("R")


class Fake(Generic[C, R]):
    """A server, as a context manager, that keeps its calls and replies what it is told to.

    Args:
        usual: the reply, unless one for a certain call is in line.
        port: 0 for any free one.
        delay: seconds before each answer.

    Attributes:
        calls: every call, in order, unless `keeps_calls` was switched off.
        count: the number of calls.
        connections: the number of connections that were made.
        most_at_once: the highest number of them that were under way at the same time.
        is_over: set when the context is left.
    """

    handler: type[Handler]

    def __init__(self, usual: R, *, port: int = 0, delay: float = 0.0) -> None:
        self.calls: list[C] = []
        self.keeps_calls = True
        self.count = 0
        self.connections = 0
        self.most_at_once = 0
        self.delay = delay
        self.is_over = threading.Event()
        self._at_once = 0
        self._lock = threading.Lock()
        self._usual = usual
        self._script: deque[R] = deque()
        self._server = _Server(("127.0.0.1", port), self.handler, self)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def _play(self, reply: R, times: int | None) -> None:
        """Reply like this from now on, or for so many calls, after those already in line."""
        if times is None:
            self._script.clear()
            self._usual = reply
        else:
            self._script.extend([reply] * times)

    def _next(self) -> R:
        """The reply to the call that just came; the lock is held."""
        return self._script.popleft() if self._script else self._usual

    def __enter__(self) -> Self:
        serve = partial(self._server.serve_forever, poll_interval=0.01)
        self._thread = threading.Thread(target=serve, name=type(self).__name__, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.is_over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @contextlib.contextmanager
    def take(self, call: C) -> Iterator[R]:
        """Note the call and yield its reply, while it counts as under way."""
        with self._lock:
            self.count += 1
            if self.keeps_calls:
                self.calls.append(call)
            reply = self._next()
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self.is_over.wait(self.delay)
            yield reply
        finally:
            with self._lock:
                self._at_once -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], handler: Any, fake: Any) -> None:
        super().__init__(address, handler)
        self.fake = fake

    def process_request(self, request: Any, client_address: Any) -> None:
        self.fake.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers that lost patience are no error of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection. Header names are given in lower case."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    timeout = 60
    server: _Server

    def read_body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def read_headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def reset(self) -> None:
        """Close without a word: a zero linger time makes the kernel send RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True

    def log_message(self, *_args: Any) -> None:
        """Keep test output clean."""
