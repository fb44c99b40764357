"""What schemathesis checks besides: it loads this module where it runs."""

from __future__ import annotations

import os
import re
from pathlib import Path

import schemathesis

NOT_THERE = {401, 403, 404, 409}
STALE = 412
"""The `If-Match` that is made up is no ETag of ours."""

TOO_MANY_DIGITS = '"(min|max)_score":'
WHAT_NO_SCHEMA_SAYS = {
    "GET /api/configure/entries/{entry_id}/submissions": TOO_MANY_DIGITS,
    "GET /api/configure/submissions/": TOO_MANY_DIGITS,
    "POST /api/auth/enroll": "already_enrolled|not_a_student",
    "POST /api/auth/register": '"(username|password|email)":',
    "POST /api/configure/entries/": '"rubric_definition":',
    "POST /api/configure/outcomes/{outcome_id}/release": "nothing_to_release",
    "POST /api/configure/submissions/{submission_id}/generate-outcome": "has_outcome",
    "POST /api/configure/submissions/{submission_id}/generate_outcome": "has_outcome",
    "POST /api/configure/webhooks": '"url":',
    "POST /api/student/entries/{entry_id}/submit": '"content":',
    "PUT /api/configure/entries/{entry_id}": "stays in its component|rubric_definition",
    "PUT /api/configure/outcomes/{outcome_id}": '"outcome_data":',
    "PUT /api/configure/webhooks/{webhook_id}": 'stays in its component|"url":',
}
"""Refusals (400) of requests that fit the schema: they depend on what there is already, or on how
parts of the request fit together."""


@schemathesis.hook
def after_call(context, case, response) -> None:
    """Remember which operations were reached."""
    if response.status_code < 300:
        with Path(os.environ["ANSWERS_FILE"]).open("a") as answers:
            answers.write(f"{case.operation.label}\n")


@schemathesis.check
def valid_requests_are_accepted(ctx, response, case) -> None:
    """Like `positive_data_acceptance`, with the refusals that we know."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code < 400 or response.status_code in NOT_THERE | {STALE}:
        return
    known = WHAT_NO_SCHEMA_SAYS.get(case.operation.label)
    is_known = response.status_code == 400 and known and re.search(known, response.text)
    assert is_known, f"A request that fits the schema was refused: {response.text}"
