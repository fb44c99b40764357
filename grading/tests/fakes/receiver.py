"""Another system that listens: a local HTTP server that keeps what it is told and fails on demand.

    with Receiver() as receiver:
        receiver.play(503, times=2)  # then good again
        webhook = make_webhook(component, url=receiver.url)

It listens on the loopback interface only.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


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


class Receiver:
    """The server, as a context manager.

    Args:
        delay: seconds before each answer.

    Attributes:
        calls: every message, in order.
        most_at_once: the highest number of them that were under way at the same time.
    """

    def __init__(self, *, delay: float = 0.0) -> None:
        self.calls: list[Call] = []
        self.most_at_once = 0
        self.delay = delay
        self.is_over = threading.Event()
        self._at_once = 0
        self._lock = threading.Lock()
        self._usual = Reply()
        self._script: deque[Reply] = deque()
        self._server = _Server(("127.0.0.1", 0), self)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=flexage"

    def play(self, status: int = 200, *, times: int | None = None, **reply: Any) -> None:
        """Answer like this from now on, or for so many messages, after those already in line."""
        with self._lock:
            if times is None:
                self._script.clear()
                self._usual = Reply(status, **reply)
            else:
                self._script.extend([Reply(status, **reply)] * times)

    def __enter__(self) -> Self:
        serve = partial(self._server.serve_forever, poll_interval=0.01)
        self._thread = threading.Thread(target=serve, name="receiver", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.is_over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @contextlib.contextmanager
    def take(self, call: Call) -> Any:
        """Note the call and yield what to reply, while it counts as under way."""
        with self._lock:
            self.calls.append(call)
            reply = self._script.popleft() if self._script else self._usual
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
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], receiver: Receiver) -> None:
        super().__init__(address, _Handler)
        self.receiver = receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Senders that lost patience are no error of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    timeout = 60
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.receiver.take(Call(self.path, headers, body)) as reply:
            MANNERS[reply.manner](self, reply)

    def log_message(self, *_args: Any) -> None:
        """Keep test output clean."""

    @property
    def _is_over(self) -> threading.Event:
        return self.server.receiver.is_over

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

    def reset(self, _reply: Reply) -> None:
        """Close without a word: a zero linger time makes the kernel send RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True

    def garbage(self, _reply: Reply) -> None:
        self.connection.sendall(b"\x00\xff not HTTP at all\r\n\r\n")
        self.close_connection = True


MANNERS: dict[str, Callable[[_Handler, Reply], None]] = {
    "": _Handler.polite,
    "silent": _Handler.silent,
    "silent_after_head": _Handler.silent_after_head,
    "dripping": _Handler.dripping,
    "endless": _Handler.endless,
    "reset": _Handler.reset,
    "garbage": _Handler.garbage,
}
