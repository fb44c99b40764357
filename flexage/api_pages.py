"""The API's schema and documentation, and its answer to a wrong address."""

from collections.abc import Callable
from functools import cache, wraps
from http import HTTPStatus

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from accounts.api.errors import json_error
from accounts.api.routes import either_way

EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""The hash of an empty style element, which Redoc fills by script."""


def readable(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A page for everybody to read; whatever else is asked of it is answered as the API does."""

    @csrf_exempt
    @login_not_required
    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        if request.method in {"GET", "HEAD"}:
            return view(request)
        refusal = json_error(request, HTTPStatus.METHOD_NOT_ALLOWED)
        refusal["Allow"] = "GET, HEAD"
        return refusal

    return answer


@cache
def schema_yaml() -> bytes:
    """The OpenAPI schema; what `docs/openapi.yaml` holds."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return OpenApiYamlRenderer().render(schema, renderer_context={})


@readable
def schema(request: HttpRequest) -> HttpResponse:
    return HttpResponse(schema_yaml(), content_type="application/yaml; charset=utf-8")


@readable
@ensure_csrf_cookie
def docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI, where requests can be tried with the session of the browser."""
    return render(request, "api/docs.html")


@readable
@csp_update({"style-src": [EMPTY_STYLE]})
def reference(request: HttpRequest) -> HttpResponse:
    """Redoc, to read."""
    return render(request, "api/reference.html")


@csrf_exempt
@login_not_required
def not_found(request: HttpRequest) -> HttpResponse:
    return json_error(request, HTTPStatus.NOT_FOUND)


urlpatterns = [
    either_way("schema", schema, "schema"),
    either_way("docs", docs, "docs"),
    either_way("reference", reference, "reference"),
]
