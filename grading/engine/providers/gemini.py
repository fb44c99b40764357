"""Google's Gemini, through the `google-generativeai` SDK over REST.

The SDK is imported on first use: it is heavy, it warns about its end of life, and a process that
forks after the import would carry it into every child. It cannot be awaited either, so each call
waits in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ReadTimeoutError

from grading.engine.errors import ErrorCode, GradingError
from grading.engine.providers import wire
from grading.engine.types import Completion, GradingRequest, Prompt

MAX_THREADS = wire.KEPT_CONNECTIONS
"""One per call in flight. They are made as they are needed."""


class GeminiProvider:
    """Asks a Gemini model. One instance serves any number of calls at once.

    Args:
        api_key: goes into a request header, and nowhere else.
        model: such as `gemini-2.5-flash`.
        endpoint: URL of another server that speaks the protocol; empty for Google's own.
        timeout: seconds that a call may take in all.
        temperature: 0 (steady) to 2.
    """

    name = "gemini"
    uses_ai = True

    def __init__(
        self,
        *,
        api_key: str,
        model: str,
        endpoint: str = "",
        timeout: float = 60.0,
        temperature: float = 0.0,
    ) -> None:
        self._api_key = api_key
        self._model = model
        self._endpoint = endpoint.rstrip("/")
        self._timeout = timeout
        self._temperature = temperature
        self._lock = threading.Lock()
        self._client: Any = None
        self._threads: ThreadPoolExecutor | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What shaped the reply, and by whose endpoint where it is not Google's own."""
        shaped = {"model": self._model, "temperature": self._temperature}
        return {**shaped, "endpoint": self._endpoint} if self._endpoint else shaped

    async def complete(self, request: GradingRequest, prompt: Prompt) -> Completion:
        """Send the prompt, and nothing else of the request.

        Raises:
            GradingError: no complete reply came; the message names neither key nor answer.
        """
        loop = asyncio.get_running_loop()
        if self._client is None:
            # The import of the SDK is not the endpoint's time.
            await loop.run_in_executor(self._pool(), self._connect)
        hold = _Hold()
        try:
            async with wire.time_limit(self._timeout):
                return await loop.run_in_executor(self._pool(), self._ask, prompt, hold)
        finally:
            # Nobody waits for it any more, be it late or cancelled: its thread must not either.
            hold.hang_up()

    async def close(self) -> None:
        """Close idle connections and threads. The next call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False)
        if client is not None:
            client.transport.close()

    def _pool(self) -> ThreadPoolExecutor:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="gemini")
        return self._threads

    def _ask(self, prompt: Prompt, hold: _Hold) -> Completion:
        _calls.hold = hold
        try:
            response = self._generate(prompt)
        except GradingError:
            raise
        except Exception as error:
            # `from None`: the SDK's own errors may quote the request, and with it the answer.
            raise self._grading_error(error) from None
        finally:
            hold.let_go()
        input_tokens, output_tokens = wire.gemini_tokens(response)
        return Completion(
            text=wire.gemini_text(response),
            model=wire.reported_model(response.model_version, self._model),
            input_tokens=input_tokens,
            output_tokens=output_tokens,
        )

    def _generate(self, prompt: Prompt) -> Any:
        client = self._connect()
        import google.generativeai as genai

        own = self._temperature
        config = genai.GenerationConfig(
            temperature=own if prompt.temperature is None else prompt.temperature,
            response_mime_type="application/json",
            response_schema=prompt.schema,
        )
        model = genai.GenerativeModel(
            self._model, system_instruction=prompt.system, generation_config=config
        )
        # The SDK offers only `configure()`, one key for the whole process; ours is per instance.
        model._client = client
        parts = [{"text": text} for text in (prompt.task, prompt.answer) if text]
        options = {"timeout": self._timeout, "retry": None}
        return model.generate_content([{"role": "user", "parts": parts}], request_options=options)

    def _connect(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._new_client()
            return self._client

    def _new_client(self) -> Any:
        wire.check_key(self._api_key)
        wire.check_google_model(self._model)
        if self._endpoint:
            wire.check_endpoint(self._endpoint)
        _import_sdk()
        from google.ai.generativelanguage import GenerativeServiceClient

        options = {"api_key": self._api_key}
        if self._endpoint:
            options["api_endpoint"] = self._endpoint
        client = GenerativeServiceClient(transport="rest", client_options=options)
        for scheme in ("https://", "http://"):
            client.transport._session.mount(scheme, _Wire(self._api_key))
        return client

    def _grading_error(self, error: Exception) -> GradingError:
        from google.protobuf.json_format import ParseError

        if isinstance(error, requests.RequestException):
            code = _network_code(error)
            if code is ErrorCode.TIMEOUT:
                return wire.silence(self._timeout)
            message = wire.without_key(str(error), self._api_key)
            return GradingError(code, message[: wire.MAX_DETAIL])
        if isinstance(error, ParseError | UnicodeDecodeError):
            return GradingError(ErrorCode.MALFORMED_REPLY, wire.NOT_GEMINI)
        if isinstance(error, ValueError):
            message = f"the SDK refuses the request; model: {self._model!r}"
            return GradingError(ErrorCode.BAD_REQUEST, message[: wire.MAX_DETAIL])
        return GradingError(ErrorCode.INTERNAL, f"{type(error).__name__} in the SDK")


# --- the connection ----------------------------------------------------------
_calls = threading.local()
"""`hold`: what this thread's call holds."""
_holding = threading.Lock()


class _Hold:
    """One call's hold on its connection, so that others can end it while its thread waits.

    Nothing else ends it: an endpoint that sends a byte now and then is never silent.
    """

    def __init__(self) -> None:
        self._connection: _Held | None = None
        self._is_over = False

    def take(self, connection: _Held) -> None:
        with _holding:
            if self._is_over:
                raise requests.ConnectionError("the call was given up")
            self._connection = connection
            connection.hold = self

    def let_go(self) -> None:
        with _holding:
            self._connection = None

    def hang_up(self) -> None:
        """End the call if it is still under way, and keep it from beginning."""
        with _holding:
            self._is_over = True
            connection = self._connection
            # It may have gone back to the others before we let go of it.
            if connection is not None and connection.hold is self:
                connection.hang_up()


class _Held:
    """A connection that knows whose it is at the moment."""

    sock: socket.socket | None
    hold: _Hold | None = None

    def request(self, *args: Any, **kwargs: Any) -> None:
        _calls.hold.take(self)
        super().request(*args, **kwargs)  # type: ignore[misc]  # a mixin: the next class has it

    def hang_up(self) -> None:
        if self.sock is not None:
            with contextlib.suppress(OSError):  # the other side was quicker
                # Past TLS, whose state belongs to the thread that reads.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _HeldHTTP(_Held, HTTPConnection):
    pass


class _HeldHTTPS(_Held, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HeldHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HeldHTTPS


class _Wire(HTTPAdapter):
    """The SDK's HTTP connection, put right in these places.

    - Its `Schema` is a map that forgets the order of properties, so that a model could name a
      level before its reasons. The order is written into the request here.
    - It would follow a redirect and hand the key to whoever is there.
    - It trips over error bodies that are not exactly Google's.
    - It would read a body of any size.
    - Its calls could not be ended from outside.
    """

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key
        super().__init__(pool_maxsize=wire.KEPT_CONNECTIONS)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        body = json.loads(cast("str", request.body))
        config = body["generationConfig"]
        config["responseSchema"] = wire.in_order(config["responseSchema"])
        request.prepare_body(data=json.dumps(body).encode(), files=None)
        response = super().send(request, *args, **kwargs)
        # Read now, while a broken connection is still told as one.
        content = _start_of(response)
        if response.is_redirect:
            raise wire.sent_elsewhere()
        if not response.ok:
            raise wire.refused(response.status_code, response.headers, content, self._api_key)
        if len(content) > wire.MAX_REPLY:
            raise wire.too_big(content, self._api_key)
        response._content = content
        return response


def _start_of(response: requests.Response) -> bytes:
    """The body, or a little more of it than is allowed."""
    body = bytearray()
    with response:
        for chunk in response.iter_content(65536):
            body += chunk
            if len(body) > wire.MAX_REPLY:
                break
    return bytes(body)


def _import_sdk() -> None:
    """Import the SDK without its notice that support has ended: we know, and pin it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        import google.generativeai  # noqa: F401


def _network_code(error: requests.RequestException) -> ErrorCode:
    if isinstance(error, requests.exceptions.ContentDecodingError):
        return ErrorCode.MALFORMED_REPLY
    # Silence in the middle of a body comes as a ConnectionError around the real cause.
    is_silence = any(isinstance(cause, ReadTimeoutError) for cause in error.args)
    if is_silence or isinstance(error, requests.Timeout):
        return ErrorCode.TIMEOUT
    if isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError):
        return ErrorCode.CONNECTION
    return ErrorCode.BAD_REQUEST  # the endpoint's URL is wrong
