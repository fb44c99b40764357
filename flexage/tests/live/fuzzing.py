"""Schemathesis against a running site: what exists there for each role, and how it is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import yaml

from flexage.tests.site import PASSWORD, ROOT, Site, running_site

SETTINGS = {
    "THROTTLE_DEFAULT": "off",
    "THROTTLE_SUBMIT": "off",
    "THROTTLE_SIGN_IN": "off",
    "LOCKOUT_AFTER": "0",
    "ACCESS_TOKEN_EXPIRE_MINUTES": "1440",
    "GENERATE_WAIT_SECONDS": "0.2",
    "GRADING_REVIEW_BELOW": "100",  # so that there are outcomes to release
    "WEBHOOK_PRIVATE_ADDRESSES": "true",
}
NOBODY = "anonymous"
ROLES = {NOBODY: "", "student": "student1", "configurator": "configurator", "admin": "admin"}
TAGS = {
    NOBODY: ["health", "auth"],
    "student": ["student"],
    "configurator": ["auth", "configure"],
    "admin": ["auth", "configure"],
}
"""What a role may do. Elsewhere it is refused, and asked seldom."""
SEED = 20260901
EXISTING = 0.8
"""How often an id is one that exists."""
IN_BODIES = {
    *("flex_age_comp_id", "student_user_id"),
    *("url", "username", "password", "refresh_token"),
}
SPARE = 30
"""So many of each kind are made to be deleted, so that what the others ask for stays."""
GOOD_PASSWORD = "seven green kites"
REFUSALS = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415]
"""A stale `If-Match` (412) is refused before the body is looked at."""


# --- a site with something to find ---------------------------------------------
class Receiver(BaseHTTPRequestHandler):
    """Takes whatever a webhook sends."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@dataclass
class LiveSite:
    """A site, and an address on this machine that its webhooks may send to."""

    site: Site
    receiver: str

    @property
    def address(self) -> str:
        return self.site.address

    def client(self, username: str = "") -> httpx.Client:
        """The API, with the token of this person."""
        headers = {}
        if username:
            credentials = {"username": username, "password": PASSWORD}
            signed_in = answer(httpx.post(f"{self.address}/api/auth/login/json", json=credentials))
            headers["Authorization"] = f"Bearer {signed_in['access_token']}"
        return httpx.Client(base_url=f"{self.address}/api", headers=headers, timeout=30)


@contextmanager
def live_site(folder: Path) -> Iterator[LiveSite]:
    """The demo, half of its outcomes released."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with running_site(folder, **SETTINGS) as site:
            live = LiveSite(site, f"http://127.0.0.1:{server.server_port}/")
            with live.client("configurator") as staff:
                waiting = answer(
                    staff.get("/configure/submissions/", params={"needs_review": True})
                )
                for submission in waiting[::2]:
                    outcome_id = submission["outcome"]["outcome_id"]
                    answer(staff.post(f"/configure/outcomes/{outcome_id}/release"))
            yield live
    finally:
        server.shutdown()
        server.server_close()


def answer(response: httpx.Response) -> Any:
    assert response.is_success, (str(response.request.url), response.status_code, response.text)
    return response.json()


# --- ids -----------------------------------------------------------------------
@dataclass
class Ids:
    """What exists for one role, by the names of the parameters, and what it may delete."""

    kept: dict[str, list[str]] = field(default_factory=dict)
    spare: dict[str, list[str]] = field(default_factory=dict)


def prepare(live: LiveSite, role: str) -> Ids:
    """Gather a role's ids, and make what it needs besides."""
    if role == "student":
        with live.client(ROLES[role]) as student:
            return ids_of_student(student)
    with live.client(ROLES[role] or "configurator") as staff:
        if role == NOBODY:
            return ids_of_staff(staff)
        spare = spare_ids(live, staff, role)
        ids = ids_of_staff(staff)
        ids.kept |= sent_message(live, staff)
        ids.kept = {
            name: [value for value in values if value not in spare.get(name, [])]
            for name, values in ids.kept.items()
        }
        return Ids(ids.kept, spare)


def ids_of_student(student: httpx.Client) -> Ids:
    components = [item["comp_id"] for item in answer(student.get("/student/flexagecomps"))]
    entries = [
        item["entry_id"]
        for component in components
        for item in answer(student.get(f"/student/flexagecomps/{component}/entries"))
    ]
    submissions = answer(student.get("/student/submissions"))
    submission_ids = [item["submission_id"] for item in submissions]
    return Ids({"comp_id": components, "entry_id": entries, "submission_id": submission_ids})


def ids_of_staff(staff: httpx.Client) -> Ids:
    components = [item["comp_id"] for item in answer(staff.get("/configure/flexagecomps/"))]
    entries = answer(staff.get("/configure/entries/"))
    submissions = answer(staff.get("/configure/submissions/"))
    students = answer(staff.get("/auth/users", params={"role": "student"}))
    return Ids(
        {
            "comp_id": components,
            "flex_age_comp_id": components,
            "entry_id": [item["entry_id"] for item in entries],
            "submission_id": [item["submission_id"] for item in submissions],
            "outcome_id": [
                item["outcome"]["outcome_id"] for item in submissions if item["outcome"]
            ],
            "student_user_id": [item["user_id"] for item in students],
        }
    )


def sent_message(live: LiveSite, staff: httpx.Client) -> dict[str, list[str]]:
    """A webhook, and a message that was delivered to it."""
    released = {"limit": "1", "status": "released"}
    (submission,) = answer(staff.get("/configure/submissions/", params=released))
    entry = answer(staff.get(f"/configure/entries/{submission['entry_id']}"))
    webhook = webhook_of(live, staff, entry["flex_age_comp_id"], "outcome.overridden")
    change = {"outcome_data": {"feedback_text": f"<p>{webhook}</p>"}}
    answer(staff.put(f"/configure/outcomes/{submission['outcome']['outcome_id']}", json=change))
    deadline = time.monotonic() + 30
    while True:
        (delivery,) = answer(staff.get(f"/configure/webhooks/{webhook}/deliveries"))
        if delivery["state"] == "delivered":
            return {"webhook_id": [webhook], "delivery_id": [delivery["delivery_id"]]}
        assert time.monotonic() < deadline, delivery
        time.sleep(0.2)


def webhook_of(live: LiveSite, staff: httpx.Client, component: str, event: str) -> str:
    webhook = {"flex_age_comp_id": component, "url": live.receiver, "events": [event]}
    return answer(staff.post("/configure/webhooks", json=webhook))["webhook_id"]


def spare_ids(live: LiveSite, staff: httpx.Client, role: str) -> dict[str, list[str]]:
    names = [f"Spare {role} {number}" for number in range(SPARE + 1)]
    home, *components = [
        answer(staff.post("/configure/flexagecomps/", json={"comp_name": name}))["comp_id"]
        for name in names
    ]
    entries = [
        answer(
            staff.post("/configure/entries/", json={"flex_age_comp_id": home, "entry_title": name})
        )["entry_id"]
        for name in names
    ]
    webhooks = [webhook_of(live, staff, home, "outcome.available") for _name in names]
    people = [
        answer(
            staff.post(
                "/auth/register",
                json={"username": f"spare.{role}.{number}", "password": GOOD_PASSWORD},
            )
        )["user_id"]
        for number in range(2)  # the other one has no place anywhere, and can be given one
    ]
    place = {"student_user_id": people[0], "flex_age_comp_id": home}
    answer(staff.post("/auth/enroll", json=place))
    return {
        "comp_id": components,
        "entry_id": entries,
        "webhook_id": webhooks,
        "flex_age_comp_id": [home],
        "student_user_id": people[:1],
    }


# --- asking --------------------------------------------------------------------
def configuration(live: LiveSite, role: str, examples: int) -> str:
    """What schemathesis.toml says."""
    ids = prepare(live, role)
    values = ids.kept | {"If-Match": ["*"], "url": [live.receiver]}
    values |= credentials(live) if role == NOBODY else {"password": [GOOD_PASSWORD]}
    # NUL is refused everywhere, because PostgreSQL cannot hold it; no schema says that of a text.
    lines = f"""
        seed = {SEED}
        continue-on-failure = true
        request-timeout = 30.0
        [generation]
        max-examples = {examples}
        database = "none"
        allow-x00 = false
        [checks.negative_data_rejection]
        expected-statuses = {json.dumps(REFUSALS)}
        [auth]
        auto-signup = false
    """.splitlines()
    lines += signed_in(live, role) + phases(role)
    for name, existing in values.items():
        lines += dictionary(name, existing)
    for name, existing in ids.spare.items():
        lines += dictionary(f"spare_{name}", existing)
    lines += ["[parameters]", *(bound(name, name) for name in values)]
    lines += deleting(ids.spare) + changing(ids.spare, examples) + seldom(role)
    return "\n".join(line.strip() for line in lines) + "\n"


def signed_in(live: LiveSite, role: str) -> list[str]:
    if not ROLES[role]:
        return []
    with live.client(ROLES[role]) as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
    return ["[auth.openapi.bearer]", f'bearer = "{token}"']


def phases(role: str) -> list[str]:
    if role == NOBODY:  # no answer leads on to anything that may be asked for
        return ["[phases.stateful]", "enabled = false"]
    if role == "admin":  # what it would cover is what a configurator's run covers
        return ["[phases.coverage]", "enabled = false"]
    return []


def deleting(spare: dict[str, list[str]]) -> list[str]:
    if not spare:
        return []
    lines = ["[[operations]]", 'include-method = "DELETE"']
    # Nothing that other answers named, or there would soon be nothing left to ask for.
    for phase in ("examples", "coverage", "fuzzing"):
        lines += [f"phases.{phase}.extra-data-sources.responses = false"]
    return lines + only(spare)


def changing(spare: dict[str, list[str]], examples: int) -> list[str]:
    """What stays in its component is changed where all is of one component; most rubrics are no
    rubrics, so it takes more requests until one is accepted."""
    if not spare:
        return []
    names = ["PUT /api/configure/entries/{entry_id}", "PUT /api/configure/webhooks/{webhook_id}"]
    lines = ["[[operations]]", f"include-name = {json.dumps(names)}"]
    lines += [f"generation.max-examples = {4 * examples}"]
    return lines + only(["entry_id", "webhook_id", "flex_age_comp_id"])


def only(names: Iterable[str]) -> list[str]:
    return ["[operations.parameters]", *(bound(name, f"spare_{name}") for name in names)]


def seldom(role: str) -> list[str]:
    """What a role may not do, and a sign-in, which is the same for everybody and slow by design."""
    lines = []
    for tag in sorted({"auth", "configure", "student", "health"} - set(TAGS[role])):
        lines += ["[[operations]]", f'include-tag = "{tag}"', "generation.max-examples = 2"]
        lines += ["phases.coverage.enabled = false", "phases.stateful.enabled = false"]
    if role == NOBODY:  # once is enough: the form is read as the JSON is
        lines += ["[[operations]]", 'include-path-regex = "/auth/login$"']
        lines += ["phases.coverage.enabled = false"]
    else:
        lines += ["[[operations]]", 'include-path-regex = "/auth/login"', "enabled = false"]
    return lines


def credentials(live: LiveSite) -> dict[str, list[str]]:
    who = {"username": "student2", "password": PASSWORD}
    signed_in = answer(httpx.post(f"{live.address}/api/auth/login/json", json=who))
    sent = {**who, "refresh_token": signed_in["refresh_token"]}
    return {name: [value] for name, value in sent.items()}


def dictionary(name: str, values: list[str]) -> list[str]:
    return [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]


def bound(name: str, source: str) -> str:
    place = "header" if name == "If-Match" else "body" if name in IN_BODIES else "path"
    return f'"{place}.{name}" = {{ dictionary = "{source}", probability = {EXISTING} }}'


@dataclass
class Report:
    """What schemathesis said, and which operations it never got a 2xx from."""

    is_clean: bool
    text: str
    unreached: set[str]


def ask(live: LiveSite, role: str, folder: Path, *, examples: int) -> Report:
    """Have schemathesis ask everything as this role, with all of its checks and ours."""
    settings = folder / f"{role}.toml"
    settings.write_text(configuration(live, role, examples))
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings)),
        # One worker: Python 3.11 cannot parse source in two threads at once, which hypothesis does.
        *("run", f"{live.address}/api/schema", "--workers", "1", "--no-color"),
        # Ours, in hooks.py, knows the refusals that no schema can say.
        *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
    ]
    answers = folder / f"{role}.answers"
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "flexage.tests.live.hooks",
        "PYTHONPATH": str(ROOT),
        "ANSWERS_FILE": str(answers),
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    reached = set(answers.read_text().splitlines()) if answers.exists() else set()
    own = operations_of(live, role)
    return Report(done.returncode == 0, done.stdout + done.stderr, own - reached)


def operations_of(live: LiveSite, role: str) -> set[str]:
    """The operations that a role may use, as `GET /api/...`."""
    schema = yaml.safe_load(httpx.get(f"{live.address}/api/schema").text)
    return {
        f"{method.upper()} {path}"
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if set(operation["tags"]) & set(TAGS[role])
        and (role == NOBODY) == ("security" not in operation)
    }
