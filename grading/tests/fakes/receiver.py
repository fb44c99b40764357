"""Another system that listens: a local HTTP server that keeps what it is told and fails on demand.

    with Receiver() as receiver:
        receiver.play(503, times=2)  # then good again
        webhook = make_webhook(component, url=receiver.url)

It listens on the loopback interface only.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from grading.tests.fakes.server import Fake, Handler


@dataclass(frozen=True)
class Call:
    """A message as it came in. Header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What goes back, and how: see :data:`MANNERS`."""

    status: int = 200
    body: bytes = b"thanks"
    headers: dict[str, str] = field(default_factory=dict)
    manner: str = ""


class _Handler(Handler, BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        call = Call(self.path, self.read_headers(), self.read_body())
        with self.server.fake.take(call) as reply:
            MANNERS[reply.manner](self, reply)

    @property
    def _is_over(self) -> threading.Event:
        return self.server.fake.is_over

    def _head(self, reply: Reply, length: int) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def polite(self, reply: Reply) -> None:
        self._head(reply, len(reply.body))
        self.wfile.write(reply.body)

    def silent(self, _reply: Reply) -> None:
        self._is_over.wait(30)
        self.close_connection = True

    def silent_after_head(self, reply: Reply) -> None:
        self._head(reply, 1000)
        self.wfile.flush()
        self.silent(reply)

    def dripping(self, _reply: Reply) -> None:
        """A head that never ends, a byte at a time."""
        self.connection.sendall(b"HTTP/1.1 ")
        while not self._is_over.wait(0.05):
            self.connection.sendall(b"2")

    def endless(self, reply: Reply) -> None:
        """A body that never ends, as fast as it is read."""
        self._head(reply, 10**12)
        while not self._is_over.is_set():
            self.wfile.write(b"x" * 65536)

    def break_off(self, _reply: Reply) -> None:
        self.reset()

    def garbage(self, _reply: Reply) -> None:
        self.connection.sendall(b"\x00\xff not HTTP at all\r\n\r\n")
        self.close_connection = True


MANNERS: dict[str, Callable[[_Handler, Reply], None]] = {
    "": _Handler.polite,
    "silent": _Handler.silent,
    "silent_after_head": _Handler.silent_after_head,
    "dripping": _Handler.dripping,
    "endless": _Handler.endless,
    "reset": _Handler.break_off,
    "garbage": _Handler.garbage,
}


class Receiver(Fake[Call, Reply]):
    """The server, as a context manager.

    Args:
        delay: seconds before each answer.
    """

    handler = _Handler

    def __init__(self, *, delay: float = 0.0) -> None:
        super().__init__(Reply(), delay=delay)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=flexage"

    def play(self, status: int = 200, *, times: int | None = None, **reply: Any) -> None:
        """Answer like this from now on, or for so many messages, after those already in line."""
        with self._lock:
            self._play(Reply(status, **reply), times)
