"""Reads that put several models together for a page."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, FilteredRelation, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from components.hidden import HiddenKind
from components.html import html_to_text
from components.models import Component, Entry, Rubric
from components.rubrics import Criterion, Level, RubricSpec
from grading.engine.errors import ErrorCode
from grading.engine.types import GradingRequest, Plan
from grading.enums import ERROR_SENTENCES, EntryStatus, RunState
from grading.models import (
    STATUS_FILTERS,
    EntryGrading,
    GradingRun,
    OutcomeRevision,
    ReviewRequest,
    StudentEntryState,
    Submission,
    SubmissionQuerySet,
)
from grading.models.submissions import REVIEW_FILTERS


@dataclass(frozen=True)
class EntryProgress:
    """An entry as one student sees it in a list."""

    entry: Entry
    status: EntryStatus
    revision: OutcomeRevision | None


def request_of(submission: Submission, rubric: Rubric | None) -> GradingRequest | None:
    """What a provider gets to know of a submission; None where there is no rubric."""
    if rubric is None:
        return None
    return GradingRequest(
        rubric=rubric.spec,
        instructions=html_to_text(submission.entry.instructions),
        answer=submission.text,
        is_rubric_hidden=submission.entry.is_rubric_hidden,
        has_hidden_text=bool(submission.hidden_text),
    )


def plan_of(entry: Entry) -> Plan:
    """How an entry wants its answers graded."""
    own: EntryGrading = getattr(entry, "grading", None) or EntryGrading()
    return own.plan(per_criterion=settings.GRADING_PER_CRITERION)


def components_of(student: User) -> QuerySet[Component]:
    """The student's components with `entry_count`, `processing_count` and `available_count`."""

    def states(status: EntryStatus) -> Count:
        mine = Q(entries__student_states__student=student, entries__student_states__status=status)
        return Count("entries__student_states", filter=mine, distinct=True)

    return Component.objects.visible_to(student).annotate(
        entry_count=Count("entries", distinct=True),
        processing_count=states(EntryStatus.SUBMITTED_PROCESSING),
        available_count=states(EntryStatus.OUTCOME_AVAILABLE),
    )


def entries_with_progress(component: Component, student: User) -> list[EntryProgress]:
    """A component's entries with the student's status and released result of each."""
    states = StudentEntryState.objects.filter(
        entry__component=component, student=student
    ).select_related("latest_submission__outcome__released")
    by_entry = {state.entry_id: state for state in states}
    return [_progress(entry, by_entry.get(entry.pk)) for entry in component.entries.all()]


def _progress(entry: Entry, state: StudentEntryState | None) -> EntryProgress:
    if state is None:
        return EntryProgress(entry, EntryStatus.NOT_SUBMITTED, None)
    latest = state.latest_submission
    revision = latest.released_revision if latest else None
    return EntryProgress(entry, EntryStatus(state.status), revision)


def students_with_status(entry: Entry) -> QuerySet[User]:
    """Who is enrolled or handed in, each with `entry_status` and `state`, by username."""
    state = FilteredRelation("entry_states", condition=Q(entry_states__entry=entry))
    enrolled = entry.component.enrollments.values("student")
    return (
        User.objects.annotate(state=state)
        .annotate(entry_status=Coalesce("state__status", Value(EntryStatus.NOT_SUBMITTED)))
        .filter(Q(pk__in=enrolled) | Q(state__isnull=False))
        .order_by("username")
    )


@dataclass(frozen=True)
class Segment:
    """A stretch of an answer, and the criteria (numbers from 1) that quote it."""

    text: str
    criteria: tuple[int, ...]


def highlighted(text: str, revision: OutcomeRevision | None) -> list[Segment]:
    """The answer cut where verified quotes begin and end."""
    quotes = _quotes(revision.criteria if revision else [], len(text))
    cuts = sorted({0, len(text), *(place for start, end, _i in quotes for place in (start, end))})
    return [
        Segment(
            text[start:end],
            tuple(sorted({i + 1 for first, last, i in quotes if first <= start and end <= last})),
        )
        for start, end in itertools.pairwise(cuts)
    ]


def _quotes(criteria: Iterable[dict[str, Any]], length: int) -> list[tuple[int, int, int]]:
    return [
        (quote["start"], quote["end"], criterion["index"])
        for criterion in criteria
        for quote in criterion["evidence"]
        if quote["start"] is not None and quote["end"] <= length
    ]


@dataclass(frozen=True)
class ResultRow:
    """A row of a rubric with the result reached on its criterion, where there is one."""

    criterion: Criterion
    cells: list[Level | None]
    result: dict[str, Any] | None


def result_rows(spec: RubricSpec | None, revision: OutcomeRevision | None) -> list[ResultRow]:
    """The rubric's grid with what `revision` says of each criterion."""
    if spec is None:
        return []
    results = {item["index"]: item for item in revision.criteria} if revision else {}
    return [
        ResultRow(row.criterion, row.cells, results.get(row.criterion.index)) for row in spec.rows
    ]


def counts_by_status(submissions: QuerySet[Submission]) -> dict[str, int]:
    """How many submissions are in each status, in one query."""
    return submissions.order_by().aggregate(
        **{status.value: Count("pk", filter=rule) for status, rule in STATUS_FILTERS.items()}
    )


@dataclass(frozen=True)
class ReviewItem:
    """A submission that a person must look at, and why, in sentences."""

    submission: Submission
    reasons: list[str]


def review_items(submissions: SubmissionQuerySet) -> list[ReviewItem]:
    """Rows of the review queue; needs :meth:`SubmissionQuerySet.to_review`."""
    open_ones = ReviewRequest.objects.filter(answered_at__isnull=True)
    related = submissions.select_related("entry__component", "student", "outcome").prefetch_related(
        Prefetch("review_requests", open_ones, to_attr="open_requests")
    )
    return [ReviewItem(submission, _why(submission)) for submission in related]


def counts_by_reason(submissions: SubmissionQuerySet) -> dict[str, int]:
    """How many of those to review have each :class:`ReviewKind`, and `total`, in one query."""
    return submissions.order_by().aggregate(
        total=Count("pk"),
        **{kind.value: Count("pk", filter=rule) for kind, rule in REVIEW_FILTERS.items()},
    )


def _why(submission: Any) -> list[str]:
    """The sentences that go with :data:`REVIEW_FILTERS`, what the student asks first."""
    outcome = submission.current_outcome
    reasons = [_asked(request) for request in submission.open_requests]
    if submission.run_state == RunState.FAILED:
        cause = ERROR_SENTENCES[ErrorCode(submission.run_error)]
        if outcome is None:
            reasons.append(gettext("It could not be graded: %s") % cause)
        elif submission.run_finished_at > outcome.updated_at:
            reasons.append(gettext("Grading again failed; the outcome stays: %s") % cause)
    if submission.run_state == RunState.PAUSED and outcome is None:
        reasons.append(gettext("Grading was stopped."))
    return reasons + (outcome.review_sentences if outcome and outcome.needs_review else [])


def _asked(request: ReviewRequest) -> str:
    if request.criterion is None:
        return gettext("The student asks about the whole outcome: %s") % request.reason
    words = {"number": request.criterion + 1, "reason": request.reason}
    return gettext("The student asks about criterion %(number)d: %(reason)s") % words


@dataclass(frozen=True)
class Question:
    """What a student asked a person about an outcome, with the answer where there is one.

    Attributes:
        about: the criterion's text in the outcome of the time; empty for the whole outcome.
    """

    request: ReviewRequest
    about: str


def questions_of(submission: Submission) -> list[Question]:
    """All that the student asked about this submission, oldest first."""
    requests = list(submission.review_requests.select_related("answered_by"))
    if not requests:
        return []
    revisions = list(
        OutcomeRevision.objects.filter(outcome__submission=submission)
        .only("created_at", "criteria")
        .order_by("-number")
    )
    return [Question(request, _about(request, revisions)) for request in requests]


def _about(request: ReviewRequest, revisions: list[OutcomeRevision]) -> str:
    """The criterion's text, from the newest revision that was there when it was asked about."""
    if request.criterion is None:
        return ""
    for revision in revisions:
        if revision.created_at <= request.created_at:
            texts = {item["index"]: item["text"] for item in revision.criteria}
            if request.criterion in texts:
                return str(texts[request.criterion])
    return gettext("Criterion %d") % (request.criterion + 1)


@dataclass(frozen=True)
class Judgement:
    """The result on one criterion, and what its level and its confidence come from.

    Attributes:
        opinions: the level chosen by each opinion, in words; empty where there was one.
        agreeing: how many opinions chose the level that most of them chose.
        self_reports: the confidence of each opinion as the grader reported it, 0 to 100; empty
            where no grader was asked, or that is not known.
        verified: how many of the quotes stand in the answer.
    """

    result: dict[str, Any]
    opinions: list[str]
    agreeing: int
    self_reports: list[int]
    verified: int

    @property
    def quoted(self) -> int:
        return len(self.result["evidence"])


def judgements(revision: OutcomeRevision | None) -> list[Judgement]:
    """What a revision says of each criterion, in the rubric's order.

    `revision.run` gives the self-reports; select it along.
    """
    if revision is None:
        return []
    names = revision.rubric.spec.level_texts if revision.rubric else ()
    run = revision.run
    progress = run.progress.get("opinions", []) if run else []
    return [_judgement(item, names, progress) for item in revision.criteria]


def _judgement(
    item: dict[str, Any], names: Sequence[str], progress: list[dict[str, Any]]
) -> Judgement:
    columns = item.get("opinions", [])  # revisions from before there were several have none
    replies = (opinion.get("criteria", {}).get(str(item["index"])) for opinion in progress)
    return Judgement(
        result=item,
        opinions=[names[column] for column in columns if column < len(names)],
        agreeing=max(Counter(columns).values(), default=1),
        self_reports=[reply["confidence"] for reply in replies if reply],
        verified=sum(quote["start"] is not None for quote in item["evidence"]),
    )


@dataclass(frozen=True)
class CallRow:
    """A call to a provider out of a run's log.

    Attributes:
        facts: as :func:`grading.services.runs.log_entry` wrote them.
        opinion: which one it was for, from 1.
        criteria: the numbers (from 1) of the criteria that it asked for.
    """

    facts: dict[str, Any]
    at: datetime
    opinion: int
    criteria: list[int]


def calls_of(run: GradingRun) -> list[CallRow]:
    """The calls of a run that ended, in order."""
    return [
        CallRow(
            facts=facts,
            at=datetime.fromisoformat(facts["at"]),
            opinion=facts["opinion"] + 1,
            criteria=[index + 1 for index in facts.get("criteria", [])],
        )
        for facts in run.log
    ]


HIDDEN_WORDS = {
    HiddenKind.COMMENT: _("A comment in the HTML"),
    HiddenKind.NOT_SHOWN: _("Not shown"),
    HiddenKind.TRANSPARENT: _("Transparent"),
    HiddenKind.COLOUR: _("In the colour of the background"),
    HiddenKind.TOO_SMALL: _("Too small to read"),
    HiddenKind.OFF_PAGE: _("Outside of the page"),
    HiddenKind.CHARACTERS: _("Invisible characters"),
    HiddenKind.MORE: _("Further ones, not kept"),
}


def hidden_texts(submission: Submission) -> list[tuple[str, str]]:
    """How each text that was taken out was hidden, in words, and the text."""
    words = {kind.value: str(text) for kind, text in HIDDEN_WORDS.items()}
    found = submission.hidden_text
    return [(words.get(item["kind"], item["kind"]), item["text"]) for item in found]
