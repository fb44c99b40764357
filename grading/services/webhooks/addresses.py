"""Where messages may be sent."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.utils.translation import gettext as _
from requests_hardened.ip_filter import InvalidIPAddress, filter_host

from accounts.errors import DomainError
from grading.models import Webhook

MAX_URL = Webhook._meta.get_field("url").max_length or 0


def checked_url(url: str) -> str:
    """The address, if messages may be sent there.

    A name that cannot be found right now is accepted: where it leads is looked at again whenever
    something is sent.

    Raises:
        DomainError: `bad_url` or `private_address`.
    """
    try:
        host, port = _host_and_port(url)
        if not settings.WEBHOOK_PRIVATE_ADDRESSES:
            _check_public(host, port)
    except InvalidIPAddress:
        message = _("Messages are not sent to private addresses. Give a public one.")
        raise DomainError("private_address", message, field="url") from None
    except (ValueError, requests.RequestException):
        message = _(
            "Give an address that begins with http:// or https:// and a host, without user, "
            "password, spaces or #, of at most %d characters."
        )
        raise DomainError("bad_url", message % MAX_URL, field="url") from None
    return url


def _host_and_port(url: str) -> tuple[str, int | None]:
    """Where a request to `url` would go, in the words of the library that sends it.

    Raises:
        ValueError, requests.RequestException: it cannot be an address of a webhook.
    """
    if len(url) > MAX_URL or not url.isprintable() or set(url) & set(" \\#"):
        raise ValueError("too long, or a character that has no place in it")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or parts.port == 0:
        raise ValueError("another protocol, a user in it, or no port to connect to")
    sent_to = urlsplit(requests.Request("POST", url).prepare().url or "")
    host = sent_to.hostname or ""
    if not host or "%" in host:
        raise ValueError("no host to connect to")
    host.encode("idna")
    return host, sent_to.port


def _check_public(host: str, port: int | None) -> None:
    """Look at every address that a host has now.

    Raises:
        InvalidIPAddress: one of them is private.
        UnicodeError: the host cannot be a name.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return
    for *_kind, address in found:
        filter_host(str(address[0]), port, allow_loopback=False)
