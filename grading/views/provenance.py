"""How one run graded: every call, every error, every text, for the people in charge."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render

from components.http import require_configurator
from components.models import Component
from grading.models import GradingRun, OutcomeRevision
from grading.selectors import calls_of, judgements


def run_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """How this was graded."""
    run = _managed(request, pk)
    revision = _revision(run)
    context = {
        "run": run,
        "revision": revision,
        "judgements": judgements(revision),
        "calls": calls_of(run),
        "submission": run.submission,
        "entry": run.submission.entry,
        "component": run.submission.entry.component,
        "currency": settings.GRADING_CURRENCY,
        "keep_days": settings.GRADING_KEEP_RAW_DAYS,
        "review_below": settings.GRADING_REVIEW_BELOW,
    }
    return render(request, "grading/run_detail.html", context)


def run_export(request: HttpRequest, pk: UUID) -> JsonResponse:
    """The same as JSON, without a word about who wrote the answer but their text."""
    run = _managed(request, pk)
    response = JsonResponse(provenance(run), json_dumps_params={"indent": 1})
    response["Content-Disposition"] = f'attachment; filename="run-{run.pk}.json"'
    return response


def provenance(run: GradingRun) -> dict[str, Any]:
    """Everything that a run keeps of itself, with ids for people and never their names.

    Times are ISO 8601, costs decimal texts in `currency`. Prompt and raw replies are empty once
    `has_raw_texts` is false.
    """
    revision = _revision(run)
    return {
        "run_id": str(run.pk),
        "submission_id": str(run.submission_id),
        "component_id": str(run.component_id),
        "requested_by_id": _text(run.requested_by_id),
        "state": run.state,
        "created_at": _time(run.created_at),
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
        "attempts": run.attempts,
        "calls": run.calls,
        "provider": run.provider,
        "model": run.model,
        "parameters": run.parameters,
        "prompt_version": run.prompt_version,
        "prompt_hash": run.prompt_hash,
        "has_raw_texts": run.has_raw_texts,
        "prompt": run.prompt,
        "rubric_hash": run.rubric.content_hash if run.rubric else "",
        "rubric": run.rubric.definition if run.rubric else {},
        "input_tokens": run.input_tokens,
        "output_tokens": run.output_tokens,
        "cost": str(run.cost),
        "currency": settings.GRADING_CURRENCY,
        "latency_ms": run.latency_ms,
        "error_code": run.error_code,
        "error_message": run.error_message,
        "log": run.log,
        "progress": run.progress,
        "result": _result(revision) if revision else None,
    }


def _result(revision: OutcomeRevision) -> dict[str, Any]:
    outcome = revision.outcome
    is_current = outcome.current_id == revision.pk
    return {
        "outcome_id": str(outcome.pk),
        "number": revision.number,
        "is_in_force": is_current,
        "is_released": outcome.released_id == revision.pk,
        "grader": revision.grader,
        "score": str(revision.score),
        "max_score": str(revision.max_score),
        "confidence": revision.confidence,
        "review_reasons": outcome.review_reasons if is_current else [],
        "criteria": revision.criteria,
        "feedback": revision.feedback,
    }


def _revision(run: GradingRun) -> OutcomeRevision | None:
    """What the run came to, where it ended well."""
    related = OutcomeRevision.objects.select_related("outcome", "rubric", "run")
    return related.filter(run=run).first()


def _time(moment: Any) -> str | None:
    return moment.isoformat() if moment else None


def _text(key: UUID | None) -> str | None:
    return str(key) if key else None


def _managed(request: HttpRequest, pk: UUID) -> GradingRun:
    user = require_configurator(request)
    runs = GradingRun.objects.filter(component__in=Component.objects.managed_by(user))
    related = runs.select_related(
        "submission__entry__component", "submission__student", "rubric", "requested_by", "profile"
    )
    return get_object_or_404(related, pk=pk)
