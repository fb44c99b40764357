"""The WSGI entry point for a web server such as gunicorn."""

import gc
import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flexage.settings")


class Request(WSGIRequest):
    """Takes no notice of a charset: all that comes in is UTF-8.

    Django decodes the query with any codec that Python knows; `hex` and `idna` make it fail.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        header = meta.get("CONTENT_TYPE", "")
        self.content_type, self.content_params = parse_header_parameters(header)


class Handler(WSGIHandler):
    request_class = Request


django.setup(set_prefix=False)
application = Handler()
gc.collect()
gc.freeze()  # what a start leaves behind stays: collections need not look through it each time
