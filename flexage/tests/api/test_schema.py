"""The schema says what the API does, and its pages show it."""

import re
from datetime import datetime

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from drf_spectacular.drainage import GENERATOR_STATS
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from accounts.api.base import ApiView
from flexage import api_urls
from flexage.api_pages import schema_yaml

STORED = settings.BASE_DIR / "docs" / "openapi.yaml"
SCHEMA = yaml.safe_load(STORED.read_text())
METHODS = {"get", "post", "put", "delete"}
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in SCHEMA["paths"].items()
    for method, operation in methods.items()
}
FORMATS = FormatChecker(["uuid"])
FORMATS.checks("date-time", raises=ValueError)(
    lambda value: not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None
)
PAGES = ["docs", "reference"]
ADDRESS = "urn:schema"
REGISTRY = Registry().with_resource(ADDRESS, DRAFT202012.create_resource(SCHEMA))


def resolved(node):
    """What a reference leads to."""
    if "$ref" in node:
        return REGISTRY.resolver(ADDRESS).lookup(node["$ref"]).contents
    return node


def absolute(node):
    """A schema whose references name the document that they are in."""
    if isinstance(node, dict):
        return {
            key: ADDRESS + value if key == "$ref" else absolute(value)
            for key, value in node.items()
        }
    return [absolute(item) for item in node] if isinstance(node, list) else node


def validator(schema):
    return Draft202012Validator(absolute(schema), registry=REGISTRY, format_checker=FORMATS)


def contents():
    """Every body that the schema describes: where, its schema, its examples."""
    for name, operation in OPERATIONS.items():
        bodies = [("request", operation.get("requestBody", {}))]
        bodies += list(operation["responses"].items())
        for place, body in bodies:
            for content in resolved(body).get("content", {}).values():
                yield f"{name} {place}", content


# --- the file ------------------------------------------------------------------
def test_the_stored_schema_is_that_of_now():
    assert schema_yaml() == STORED.read_bytes(), "docs/openapi.yaml is old: run `make schema`."


def test_it_is_drawn_without_complaint(tmp_path):
    GENERATOR_STATS.reset()
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema"))
    assert (tmp_path / "schema").read_bytes() == STORED.read_bytes()


def test_its_version():
    assert SCHEMA["openapi"] == "3.1.0"


def test_its_schemas_are_json_schema():
    for schema in SCHEMA["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_names_are_unique():
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids))


# --- operations ----------------------------------------------------------------
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_says_what_it_is(name):
    operation = OPERATIONS[name]
    known = {tag["name"] for tag in SCHEMA["tags"]}
    assert operation["summary"]
    assert operation["tags"]
    assert set(operation["tags"]) <= known
    assert any(status.startswith("2") for status in operation["responses"])
    for status, response in operation["responses"].items():
        assert resolved(response)["description"], status


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_names_its_refusals(name):
    operation = OPERATIONS[name]
    expected = {"429"} if operation["tags"] != ["health"] else set()
    if "security" in operation:
        expected |= {"401", "403"}
    if "{" in name:
        expected |= {"404"}
    if "requestBody" in operation:
        expected |= {"400", "413", "415"}
    assert expected <= set(operation["responses"])


def test_examples_fit():
    seen = 0
    for place, content in contents():
        examples = [example["value"] for example in content.get("examples", {}).values()]
        for example in [*examples, *([content["example"]] if "example" in content else [])]:
            errors = [error.message for error in validator(content["schema"]).iter_errors(example)]
            assert not errors, (place, errors)
            seen += 1
    assert seen > 40


def test_examples_inside_of_schemas_fit():
    for name, schema in SCHEMA["components"]["schemas"].items():
        for example in schema.get("examples", []):
            errors = [error.message for error in validator(schema).iter_errors(example)]
            assert not errors, (name, errors)


# --- what is answered ----------------------------------------------------------
def fields_of(name):
    return set(SCHEMA["components"]["schemas"][name]["properties"])


def test_the_fields_of_an_outcome(outcome, configurator, api):
    read = api(configurator).get(f"/api/configure/outcomes/{outcome.pk}").json()["outcome_data"]
    (criterion, *_rest) = read["criteria"]
    (evidence, *_rest) = [quote for item in read["criteria"] for quote in item["evidence"]]
    assert set(read) == fields_of("OutcomeData")
    assert set(criterion) == fields_of("CriterionResult")
    assert set(evidence) == fields_of("Evidence")
    assert set(read["provenance"]) == fields_of("Provenance")


def routes(patterns=api_urls.urlpatterns, prefix="/api/"):
    for pattern in patterns:
        address = prefix + re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, address)
        elif isinstance(pattern, URLPattern):
            yield address, getattr(pattern.callback, "view_class", None)


def test_every_route_is_described_and_nothing_else():
    served = {
        f"{method.upper()} {address}"
        for address, view in routes()
        if view is not None and issubclass(view, ApiView)
        for method in METHODS
        if hasattr(view, method)
    }
    assert served == set(OPERATIONS)


# --- pages ---------------------------------------------------------------------
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_schema_is_served(slash):
    answer = Client().get(f"/api/schema{slash}")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/yaml")
    assert answer.content == schema_yaml()


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_page_is_made_of_local_files(page, slash):
    answer = Client().get(f"/api/{page}{slash}")
    html = answer.content.decode()
    assert answer.status_code == 200
    assert reverse("api:schema") in html
    files = re.findall(r"""(?:src|href)="([^"]+)\"""", html)
    assert files
    assert not [name for name in files if not name.startswith("/") or name.startswith("//")]
    assert not re.search(r"<script(?![^>]* src=)", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=", html)
    assert "unsafe" not in answer["Content-Security-Policy"]


@pytest.mark.parametrize("page", PAGES)
def test_the_files_of_a_page_are_there(page):
    html = Client().get(f"/api/{page}").content.decode()
    for name in re.findall(r"""="(/static/[^"]+)\"""", html):
        answer = Client().get(name)
        assert answer.status_code == 200, name
        b"".join(answer)  # to the end, where the file is closed


@pytest.mark.parametrize("page", [*PAGES, "schema"])
def test_a_page_is_only_read(page):
    assert Client().post(f"/api/{page}").status_code == 405
