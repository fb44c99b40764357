"""The API's schema and documentation, and its answer to a wrong address."""

from functools import cache
from http import HTTPStatus

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from accounts.api.errors import json_error
from accounts.api.routes import either_way

EMPTY_STYLE = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
"""The hash of an empty style element, which Redoc fills by script."""


@cache
def schema_yaml() -> bytes:
    """The OpenAPI schema; what `docs/openapi.yaml` holds."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return OpenApiYamlRenderer().render(schema, renderer_context={})


@require_safe
@login_not_required
def schema(request: HttpRequest) -> HttpResponse:
    return HttpResponse(schema_yaml(), content_type="application/yaml; charset=utf-8")


@require_safe
@login_not_required
@ensure_csrf_cookie
def docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI, where requests can be tried with the session of the browser."""
    return render(request, "api/docs.html")


@require_safe
@login_not_required
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
