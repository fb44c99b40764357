"""`manage.py run`: one command starts everything, Ctrl-C stops it, and mistakes are one line."""

import os
import socket
import subprocess
import sys

import psutil
import pytest

from flexage.tests.site import (
    ROOT,
    free_port,
    running_site,
    scratch_database,
    site_environment,
)

pytestmark = pytest.mark.e2e


def run_to_the_end(database, port, **settings):
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "run"],
        env=site_environment(database, port, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )


def test_ctrl_c_stops_web_and_worker(tmp_path):
    with running_site(tmp_path) as site:
        children = psutil.Process(site.process.pid).children(recursive=True)
        assert len(children) > 3
        assert site.interrupt() == 0
        _gone, alive = psutil.wait_procs(children, timeout=5)
        assert not alive


def test_taken_port_is_one_clear_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run_to_the_end(f"sqlite:///{tmp_path / 'x.sqlite3'}", port)
    assert ended.returncode == 1
    assert f"port {port}" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_unreachable_database_is_one_clear_line():
    database = f"postgres://nobody@127.0.0.1:{free_port()}/nothing"
    ended = run_to_the_end(database, free_port())
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "DATABASE_URL does not answer" in ended.stderr


def test_production_refuses_demo_accounts(tmp_path):
    with scratch_database(tmp_path) as database:
        environment = site_environment(database, free_port())
        demo = "from flexage.demo.service import create_demo; create_demo()"
        manage = [sys.executable, str(ROOT / "manage.py")]
        for command in (["migrate"], ["shell", "-v0", "-c", demo]):
            subprocess.run([*manage, *command], env=environment, check=True, capture_output=True)
        settings = {"DEBUG": "false", "SECRET_KEY": "x1" * 30}
        ended = run_to_the_end(database, free_port(), **settings)
    assert ended.returncode == 1
    assert "demo accounts" in ended.stderr
    assert os.linesep not in ended.stderr.strip()
