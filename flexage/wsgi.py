"""The WSGI entry point for a web server such as gunicorn."""

import gc
import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flexage.settings")


class Request(WSGIRequest):
    """Takes no notice of a charset that is no encoding of text, such as `hex`.

    Django asks only whether Python knows it, and fails when it decodes the query with it.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]
        except LookupError:
            self._encoding = None


class Handler(WSGIHandler):
    request_class = Request


django.setup(set_prefix=False)
application = Handler()
gc.collect()
gc.freeze()  # what a start leaves behind stays: collections need not look through it each time
