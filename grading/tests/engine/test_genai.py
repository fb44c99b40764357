"""What is particular to the SDK `google-genai`; see `test_providers.py` and `test_gemini.py`."""

import subprocess
import sys

import pytest

from grading.tests.engine.test_providers import KEY, KINDS, ROOT, complete
from grading.tests.fakes.gemini import FakeGemini

GENAI = KINDS["google-genai"]


@pytest.fixture
def fake():
    with FakeGemini() as server:
        yield server


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_schema_is_sent_as_json_schema(fake):
    complete(GENAI, fake.url)

    assert "responseJsonSchema" in fake.calls[0].body["generationConfig"]


def test_environment_leads_nowhere_else(fake, monkeypatch):
    for name, value in {
        "GOOGLE_API_KEY": "another-key",
        "GEMINI_API_KEY": "another-key",
        "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GENAI_USE_ENTERPRISE": "true",
        "GOOGLE_CLOUD_PROJECT": "a-project",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:1",
        "GOOGLE_GENAI_API_VERSION": "v9",
    }.items():
        monkeypatch.setenv(name, value)
    complete(GENAI, fake.url)

    assert fake.calls[0].key == KEY
    assert fake.calls[0].path.startswith("/v1beta/")


def test_sdk_is_imported_on_first_use_and_without_a_warning():
    program = """
import asyncio, sys
from grading.engine.errors import ErrorCode, GradingError
from grading.engine.providers.genai import GenaiProvider
from grading.engine.types import Prompt
provider = GenaiProvider(api_key="k", model="m", endpoint="http://127.0.0.1:1")
assert not [name for name in sys.modules if name.startswith("google.")]
prompt = Prompt("s", "t", "a", {"type": "string"}, version="", digest="")
try:
    asyncio.run(provider.complete(None, prompt))
except GradingError as error:
    assert error.code is ErrorCode.CONNECTION, error
assert "google.genai" in sys.modules
"""
    command = [sys.executable, "-W", "error", "-c", program]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (finished.returncode, finished.stderr) == (0, "")
