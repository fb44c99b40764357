"""What views need to know of the person behind a request."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import cast
from urllib.parse import urlsplit

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import User


def signed_in(request: HttpRequest) -> User:
    """The user of a request that got past the sign-in requirement."""
    return cast(User, request.user)


def whole_number(text: str | None, default: int) -> int:
    """The number that a form field or a query names, or `default` where it names none."""
    try:
        return int(text or "")
    except ValueError:
        return default


def is_htmx(request: HttpRequest) -> bool:
    """Whether htmx asked, for a fragment of the page."""
    return bool(request.htmx)  # type: ignore[attr-defined]


def client_address(request: HttpRequest) -> str:
    """The address that a request came from, behind as many proxies as the settings say.

    Of an IPv6 address the network: whoever has one address there has 2^64 of them.
    """
    told = BaseThrottle().get_ident(cast(Request, request)) or ""
    for address in (told, _without_port(told)):
        try:
            return _network_of(ip_address(address))
        except ValueError:
            continue
    return request.META.get("REMOTE_ADDR", "")  # the proxy's own


def _network_of(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(IPv6Network((address, 64), strict=False).network_address)
        address = address.ipv4_mapped
    return str(address)


def _without_port(address: str) -> str:
    try:
        return urlsplit(f"//{address}").hostname or ""
    except ValueError:
        return ""
