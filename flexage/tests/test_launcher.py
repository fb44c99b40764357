"""Keeping processes running, and ending them all."""

import os
import signal
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from flexage import launcher
from flexage.launcher import Child, Launcher, LaunchError, check_port, wait_for_web

FOREVER = "import time; time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {FOREVER}"


@pytest.fixture
def start():
    """Makes launchers of children that run a line of Python; nothing of them outlives the test."""
    handlers = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM)}
    launchers = []

    def of(*codes, grace=5.0, say=lambda _text: None):
        children = [
            Child(f"child {number}", [sys.executable, "-S", "-E", "-c", code], grace)
            for number, code in enumerate(codes)
        ]
        launchers.append(Launcher(children, say))
        launchers[-1].start()
        return launchers[-1]

    yield of
    for one in launchers:
        for child in one.children:
            child.kill_group()
    for signum, handler in handlers.items():
        signal.signal(signum, handler)


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_port_that_is_free_is_fine(taken_port):
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    check_port("127.0.0.1", free)


def test_port_that_is_taken_is_one_line(taken_port):
    with pytest.raises(LaunchError) as refusal:
        check_port("127.0.0.1", taken_port)
    message = str(refusal.value)
    assert f"cannot listen on 127.0.0.1 port {taken_port}" in message
    assert "set PORT to another number" in message
    assert "\n" not in message


def test_port_of_another_machine_is_one_line():
    with pytest.raises(LaunchError, match=r"cannot listen on 192\.0\.2\.1 port 8000"):
        check_port("192.0.2.1", 8000)


def test_port_that_was_just_left_is_free_again():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
    check_port("127.0.0.1", port)


def test_web_that_does_not_answer_is_given_up(taken_port):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not wait_for_web("127.0.0.1", port, timeout=0.3)


def test_web_that_answers_anything_is_there():
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        try:
            assert wait_for_web("127.0.0.1", server.server_port, timeout=5)
        finally:
            thread.join()


def test_child_that_dies_is_started_again(start, tmp_path):
    starts = tmp_path / "starts"
    starts.touch()
    code = f"open({str(starts)!r}, 'a').write('x'); {FOREVER}"
    told: list[str] = []

    def say(text):
        told.append(text)
        one.stop_requests += 1

    one = start(code, FOREVER, say=say)
    wait_until(lambda: starts.read_text() == "x")
    os.kill(one.children[0].process.pid, signal.SIGKILL)
    one.supervise()
    assert told == ["The child 0 ended unexpectedly (exit code -9); starting it again."]
    wait_until(lambda: starts.read_text() == "xx")
    assert one.children[0].is_running
    assert len(one.children[1].starts) == 1


def test_child_that_dies_again_and_again_is_given_up(start):
    told: list[str] = []
    one = start("raise SystemExit(3)", say=told.append)
    with pytest.raises(LaunchError, match="child 0 stops again and again"):
        one.supervise()
    assert len(told) == launcher.RESTARTS_ALLOWED
    assert "exit code 3" in told[0]


def test_child_that_dies_now_and_then_is_not_given_up():
    long_ago = time.monotonic() - 2 * launcher.RESTART_WINDOW_SECONDS
    child = Child("worker", [], 1.0, starts=[long_ago] * 100)
    assert not child.restarts_too_often


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_the_watch_and_leaves_the_children_to_stop(signum, start):
    one = start(FOREVER)
    threading.Timer(0.1, os.kill, (os.getpid(), signum)).start()
    one.supervise()
    assert one.children[0].is_running
    one.stop()
    assert not one.children[0].is_running


def test_stop_lets_a_child_finish_what_it_does(start, tmp_path):
    ready, done = tmp_path / "ready", tmp_path / "done"
    code = (
        "import signal, sys, time\n"
        "def finish(*_):\n"
        f"    time.sleep(0.3); open({str(done)!r}, 'w'); sys.exit()\n"
        f"signal.signal(signal.SIGTERM, finish); open({str(ready)!r}, 'w'); {FOREVER}"
    )
    one = start(code)
    wait_until(ready.exists)
    one.stop()
    assert done.exists()
    assert one.children[0].process.returncode == 0


def test_stop_kills_a_stubborn_child_and_all_that_it_started(start, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    code = (
        f"import subprocess, sys; out = open({str(pipe)!r}, 'w')\n"
        f"subprocess.Popen([sys.executable, '-S', '-c', {STUBBORN!r}], stdout=out)\n"
        f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"out.write('ready'); out.flush(); {FOREVER}"
    )
    one = start(code, grace=0.1)
    with pipe.open() as reader:
        assert reader.read(5) == "ready"
        one.stop()
        assert reader.read() == ""  # ends only when nobody is left who could write


def test_stop_asked_twice_does_not_wait_for_the_grace(start, tmp_path):
    ready = tmp_path / "ready"
    one = start(
        STUBBORN.replace("import time", f"import time; open({str(ready)!r}, 'w')"), grace=60
    )
    wait_until(ready.exists)
    one.stop_requests = 2
    started = time.monotonic()
    one.stop()
    assert time.monotonic() - started < 30
    assert not one.children[0].is_running


def test_stop_twice_is_harmless(start):
    one = start(FOREVER)
    one.stop()
    one.stop()
    assert not one.children[0].is_running


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1:8000"), ("::1", "[::1]:8000")]
)
def test_web_command_binds_the_address(host, address):
    command = launcher.web_command(host, 8000)
    assert command[command.index("--bind") + 1] == address
