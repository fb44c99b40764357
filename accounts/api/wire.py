"""Bytes in, bytes out: JSON whatever the client says it accepts, strict about what it sends."""

from __future__ import annotations

from typing import IO, Any

import orjson
from django.conf import settings
from django.http import QueryDict
from django.utils.encoding import force_str
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

MAX_DEPTH = 50
"""Nothing that the API takes lies half as deep; what did could not be written back."""


class StrictJSONParser(BaseParser):
    """RFC 8259 and nothing else: UTF-8, no NaN, no half of a character, no endless nesting."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None
    ) -> Any:
        body = stream.read()
        if not body:
            raise ParseError(_("The body is empty; send a JSON object."))
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(_("The body is not JSON: %s.") % error) from error
        if _is_deeper(data, MAX_DEPTH):
            raise ParseError(_("The body is nested too deeply."))
        return data


class StrictFormParser(BaseParser):
    """A form as browsers send it, always UTF-8."""

    media_type = "application/x-www-form-urlencoded"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None
    ) -> QueryDict:
        return QueryDict(stream.read(), encoding=settings.DEFAULT_CHARSET)


class JSONRenderer(BaseRenderer):
    """Compact UTF-8; times and ids as the standards write them."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Any = None,
    ) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=_plain)


class AlwaysJSON(BaseContentNegotiation):
    """JSON for everybody, also for a client that says it accepts something else."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        kind = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


def _is_deeper(data: Any, depth: int) -> bool:
    level = [[data]]
    for _step in range(depth):
        items = [item for held in level for item in held]
        level = [_held(item) for item in items if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _held(container: Any) -> list[Any]:
    return list(container.values()) if isinstance(container, dict) else container


def _plain(value: Any) -> str:
    if isinstance(value, Promise):
        return force_str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
