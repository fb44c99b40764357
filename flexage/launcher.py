"""Runs the web server and the worker beside each other, restarts what dies, stops both cleanly."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field

WEB_GRACE_SECONDS = 10.0
PATIENCE_SECONDS = 2.0
"""How long a stop may take before it says what it waits for."""
AT_ONCE = 2
"""So many requests to stop mean: without waiting."""
RESTARTS_ALLOWED = 5
RESTART_WINDOW_SECONDS = 60.0


class LaunchError(Exception):
    """The start cannot go on; the text is one line that says why and what to do."""


def check_port(host: str, port: int) -> None:
    """See that nobody else listens where the web server is about to.

    Raises:
        LaunchError: the port is taken, or the host is not this machine's.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise LaunchError(
                f"cannot listen on {host} port {port} ({error.strerror}); stop what uses it, or "
                "set PORT to another number from 1 to 65535."
            ) from error


def wait_for_web(host: str, port: int, timeout: float) -> bool:
    """Whether the web server answers within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    address = f"http://{host}:{port}/accounts/sign-in/"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return True
        except urllib.error.HTTPError:
            return True  # it answers, if only to say that this host name is not its own
        except OSError:
            time.sleep(0.1)
    return False


@dataclass
class Child:
    """A process that should be running.

    Attributes:
        grace: seconds it may take to stop before it is killed.
    """

    name: str
    command: list[str]
    grace: float
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)

    def start(self) -> None:
        # A session of its own: Ctrl-C in the terminal reaches the launcher only, and what a
        # killed child leaves behind can be ended as one group.
        self.starts.append(time.monotonic())
        self.process = subprocess.Popen(self.command, start_new_session=True)  # noqa: S603

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def restarts_too_often(self) -> bool:
        since = time.monotonic() - RESTART_WINDOW_SECONDS
        return sum(start > since for start in self.starts) > RESTARTS_ALLOWED

    def ask_to_stop(self) -> None:
        if self.process is not None and self.is_running:
            self.process.terminate()

    def wait(self, timeout: float) -> None:
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout)

    def kill_group(self) -> None:
        """End whatever is left of it and of what it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Launcher:
    """Keeps the children running until a signal asks to stop; a second signal stops at once."""

    def __init__(self, children: list[Child], say: Callable[[str], None]) -> None:
        self.children = children
        self.say = say
        self.stop_requests = 0

    def start(self) -> None:
        """Start the children and listen for signals."""
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self._on_signal)
        for child in self.children:
            child.start()

    def supervise(self) -> None:
        """Watch over the children until somebody asks to stop.

        Raises:
            LaunchError: a child dies again and again.
        """
        while not self.stop_requests:
            for child in self.children:
                if not child.is_running and not self.stop_requests:
                    self._restart(child)
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop the children, letting the worker finish what it is grading."""
        for child in self.children:
            child.ask_to_stop()
        started = time.monotonic()
        is_told = False
        while any(child.is_running for child in self.children) and self.stop_requests < AT_ONCE:
            waited = time.monotonic() - started
            if all(waited > child.grace for child in self.children if child.is_running):
                break
            if waited > PATIENCE_SECONDS and not is_told:
                self.say("Waiting for answers that are being graded; Ctrl-C again stops at once.")
                is_told = True
            time.sleep(0.1)
        for child in self.children:
            child.kill_group()

    def _on_signal(self, _signum: int, _frame: object) -> None:
        self.stop_requests += 1

    def _restart(self, child: Child) -> None:
        code = child.process.returncode if child.process else None
        child.kill_group()
        if child.restarts_too_often:
            raise LaunchError(f"the {child.name} stops again and again; its messages are above.")
        self.say(f"The {child.name} ended unexpectedly (exit code {code}); starting it again.")
        child.start()


def web_command(host: str, port: int) -> list[str]:
    """The command that serves the pages."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [
        *(sys.executable, "-m", "gunicorn", "flexage.wsgi", "--bind", address),
        *("--workers", "2", "--threads", "4", "--worker-class", "gthread"),
        *("--log-level", "warning", "--graceful-timeout", "8"),
    ]


def worker_command(manage: str) -> list[str]:
    """The command that grades."""
    return [sys.executable, manage, "worker"]
