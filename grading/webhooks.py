"""The sender: one loop that keeps a few messages to other systems in flight.

The loop and everything that touches the database run in one thread of the worker's first process,
so that messages never wait for grading; the threads of the pool only talk to receivers.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import requests
from django.conf import settings
from django.db import close_old_connections, connections
from django.utils.translation import gettext as _
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from grading.models import WebhookDelivery
from grading.services.webhooks import (
    claim_deliveries,
    prune_deliveries,
    record_answer,
    record_delivery_failure,
)

logger = logging.getLogger(__name__)

SENDERS = 4
LOOK_SECONDS = 1.0
PRUNE_SECONDS = 3600.0
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 10.0
"""How long a receiver may take to accept a connection, and to say the next word."""
MAX_SECONDS = 20.0
"""How long it may take for everything; one that goes on and on, a byte at a time, is cut off."""
MAX_READ = 4096
USER_AGENT = "FlexAGE-Webhooks/1"


@dataclass(frozen=True)
class Answer:
    """What a receiver said: the status, and the beginning of the rest."""

    status: int
    text: str


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The signature of a message: HMAC-SHA256 over `<timestamp>.<body>`, in hexadecimal digits."""
    message = b"%d.%s" % (timestamp, body)
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def body_of(delivery: WebhookDelivery) -> bytes:
    """The message as it is sent: the same bytes at every attempt."""
    message = {
        **delivery.payload,
        "delivery_id": str(delivery.pk),
        "occurred_at": delivery.created_at.isoformat(),
    }
    return json.dumps(message, sort_keys=True, separators=(",", ":")).encode()


class Session(HTTPSession):
    """For one request that goes where it was sent, reaches public hosts only, and can be cut off.

    Attributes:
        is_cut: whether :meth:`cut` was called.
    """

    def __init__(self) -> None:
        super().__init__(
            Config(
                ip_filter_enable=not settings.WEBHOOK_PRIVATE_ADDRESSES,
                ip_filter_allow_loopback_ips=False,
                never_redirect=True,
                default_timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                user_agent_override=USER_AGENT,
            )
        )
        self.trust_env = False  # a proxy would connect in our place, past the filter
        self.is_cut = False
        self._connections: list[HTTPConnection] = []
        for adapter in self.adapters.values():
            adapter.poolmanager.pool_classes_by_scheme = {
                "http": partial(self._pool, HTTPConnectionPool),
                "https": partial(self._pool, HTTPSConnectionPool),
            }

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """None: to find out where a redirect leads, the whole of its body would be read."""
        return None

    def cut(self) -> None:
        """End the connection from another thread; the request fails, if it was still going on."""
        self.is_cut = True
        for connection in self._connections:
            if connection.sock is not None:
                with suppress(OSError):
                    # Not SSLSocket's own, which would say good-bye first.
                    socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)

    def _pool(self, kind: type[HTTPConnectionPool], *args: Any, **kwargs: Any) -> Any:
        pool: Any = kind(*args, **kwargs)
        pool.ConnectionCls = partial(self._connection, pool.ConnectionCls)
        return pool

    def _connection(self, kind: Callable[..., HTTPConnection], **kwargs: Any) -> HTTPConnection:
        connection = kind(**kwargs)
        self._connections.append(connection)
        return connection


def send(delivery: WebhookDelivery, session: Session) -> Answer:
    """Make one attempt. It asks the database nothing: the webhook came with the claim.

    Raises:
        requests.RequestException: there was no answer, or none that could be read.
    """
    body, timestamp = body_of(delivery), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
        "FlexAGE-Event": delivery.event,
        "FlexAGE-Delivery": str(delivery.pk),
        "FlexAGE-Timestamp": str(timestamp),
        "FlexAGE-Signature": f"v1={sign(delivery.webhook.secret, timestamp, body)}",
    }
    with session:
        url = delivery.webhook.url
        with session.post(url, data=body, headers=headers, stream=True) as response:
            return Answer(response.status_code, _beginning(response))


def _beginning(response: requests.Response) -> str:
    try:
        read = response.raw.read1(MAX_READ, decode_content=False) or b""
    except (HTTPError, OSError):
        return ""  # the status was said, and that is what counts
    return read.decode(errors="replace")


def sentence_for(error: BaseException) -> str:
    """Why there was no answer."""
    if isinstance(error, InvalidIPAddress):
        return _("The address leads to a private network, where nothing is sent.")
    if isinstance(error, requests.Timeout):
        return _("The receiver did not answer in time.")
    if isinstance(error, requests.exceptions.SSLError):
        return _("No secure connection: the receiver's certificate cannot be trusted.")
    if isinstance(error, requests.ConnectionError):
        return _("The receiver could not be reached, or broke off.")
    if isinstance(error, requests.RequestException | HTTPError):
        return _("The address cannot be used, or the answer cannot be understood.")
    return _("An error in FlexAGE itself; its log has the details.")


@dataclass(frozen=True)
class Flight:
    """One attempt under way."""

    delivery: WebhookDelivery
    session: Session = field(default_factory=Session)
    started_at: float = field(default_factory=time.monotonic)

    def send(self) -> Answer:
        return send(self.delivery, self.session)

    def cut_if_late(self) -> None:
        if time.monotonic() - self.started_at > MAX_SECONDS:
            self.session.cut()


class WebhookSender:
    """Sends what is due, in a thread of its own, until it is told to stop."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="webhooks", daemon=True)
        self._flights: dict[Future[Answer], Flight] = {}
        self._prune_at = 0.0

    def start(self) -> None:
        """Begin. Not before a fork: a forked process would get half a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Claim nothing more; what is in flight may land."""
        self._stop.set()

    def join(self) -> None:
        """Wait until the last flight has landed."""
        self._thread.join()

    def run(self) -> None:
        """The loop. A database in trouble is waited for."""
        with ThreadPoolExecutor(SENDERS, thread_name_prefix="webhook") as pool:
            while self._flights or not self._stop.is_set():
                try:
                    close_old_connections()
                    self._look(pool)
                except Exception:
                    logger.exception("Webhooks have to wait")
                    self._stop.wait(LOOK_SECONDS)
        connections.close_all()

    def _look(self, pool: ThreadPoolExecutor) -> None:
        if not self._stop.is_set():
            self._prune()
            for delivery in claim_deliveries(SENDERS - len(self._flights)):
                flight = Flight(delivery)
                self._flights[pool.submit(flight.send)] = flight
        if self._flights:
            self._settle_landed()
        else:
            self._stop.wait(LOOK_SECONDS)

    def _prune(self) -> None:
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_SECONDS
            prune_deliveries()

    def _settle_landed(self) -> None:
        landed, _pending = wait(self._flights, LOOK_SECONDS, return_when=FIRST_COMPLETED)
        for future in landed:
            settle(self._flights.pop(future), future)
        for flight in self._flights.values():
            flight.cut_if_late()


def settle(flight: Flight, future: Future[Answer]) -> None:
    """Record how one attempt ended."""
    delivery, error = flight.delivery, future.exception()
    if error is None:
        answer = future.result()
        record_answer(delivery, answer.status, answer.text)
        return
    if not isinstance(error, requests.RequestException):
        logger.error("Delivery %s, attempt %d", delivery.pk, delivery.attempts, exc_info=error)
    if flight.session.is_cut:
        error = requests.Timeout()
    record_delivery_failure(delivery, sentence_for(error))
