"""Addresses that answer with and without their trailing slash, directly."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern
from django.urls.converters import register_converter
from django.urls.resolvers import RoutePattern


class IdConverter:
    """Whatever stands in the place of an id: a wrong one is the endpoint's 404, after sign-in."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: Any) -> str:
        return str(value)


register_converter(IdConverter, "id")


class EitherWayPattern(RoutePattern):
    """A route that matches whether or not the path ends in a slash."""

    def match(self, path: str) -> Any:
        twin = path.removesuffix("/") if path.endswith("/") else f"{path}/"
        return super().match(path) or super().match(twin)


def either_way(route: str, view: Any, name: str) -> URLPattern:
    """Like Django's `path`, for both spellings; `reverse` gives the one that is written here."""
    pattern = EitherWayPattern(route, name=name, is_endpoint=True)
    return URLPattern(pattern, view.as_view() if hasattr(view, "as_view") else view, None, name)
