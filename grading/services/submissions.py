"""Handing in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.errors import ConflictError, DomainError, ForbiddenError
from accounts.models import User
from accounts.text import storable_text
from components.hidden import take_out_hidden
from components.html import clean_rich_html, html_to_text
from components.models import Entry
from grading.enums import WebhookEvent
from grading.models import Submission
from grading.rules import can_submit
from grading.services.grading import start_run
from grading.services.states import refresh_state
from grading.services.webhooks import announce

INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
"""Characters without width: an answer of nothing else is blank."""
MAX_MARKUP = 12
"""So many characters of markup and text may come for each character of text that is allowed."""


@dataclass(frozen=True)
class CheckedAnswer:
    """An answer that may be stored.

    Attributes:
        content: sanitised HTML, of what a reader can see.
        hidden_text: what nobody could see and was taken out, each as `{kind, text}`.
    """

    content: str
    hidden_text: list[dict[str, str]]


@transaction.atomic
def submit_answer(
    entry: Entry,
    *,
    content: str,
    title: str = "",
    idempotency_key: str | None = None,
    by: User,
) -> Submission:
    """Hand in an answer and queue its grading; the worker is woken when this commits.

    Args:
        content: HTML; it is sanitised before it is stored.
        title: by default the number of the attempt.
        idempotency_key: the same key with the same answer hands in once, however often it is
            called; a double click is one submission.

    Raises:
        DomainError: `not_enrolled`, `blank_answer`, `answer_too_long`, `nul_character`, or
            `key_reused` where the key came with another answer before.
    """
    if not can_submit(by, entry):
        raise ForbiddenError("not_enrolled", _("You are not enrolled in this component."))
    answer = checked_answer(content)
    title = checked_title(title)
    lock_students([by])
    if idempotency_key and (known := _submitted_before(by, idempotency_key)):
        return _same_answer(known, entry, answer.content, title)
    submission = add_submission(
        entry, by, title=title, answer=answer, idempotency_key=idempotency_key or None
    )
    announce(WebhookEvent.SUBMISSION_CREATED, submission)
    start_run(submission, by=by)
    return submission


def lock_students(students: Iterable[User]) -> None:
    """Have submits of the same student come one after the other, so that attempts count 1, 2, 3."""
    keys = {student.pk for student in students}
    list(User.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk"))


def add_submission(
    entry: Entry,
    student: User,
    *,
    title: str,
    answer: CheckedAnswer,
    idempotency_key: str | None = None,
) -> Submission:
    """Store one attempt and the student's state. Queues nothing."""
    earlier = Submission.objects.filter(entry=entry, student=student)
    attempt = (earlier.aggregate(last=Max("attempt"))["last"] or 0) + 1
    submission = Submission.objects.create(
        entry=entry,
        student=student,
        attempt=attempt,
        title=title or _("Attempt %d") % attempt,
        content=answer.content,
        hidden_text=answer.hidden_text,
        idempotency_key=idempotency_key,
        submitted_at=timezone.now(),
    )
    refresh_state(entry, student)
    return submission


def checked_answer(content: str) -> CheckedAnswer:
    """The sanitised answer, and what was hidden in it.

    Raises:
        DomainError: `nul_character`, `answer_too_long` or `blank_answer`.
    """
    if "\x00" in content:
        raise DomainError(
            "nul_character",
            _("The answer contains a NUL character. Remove it, then submit again."),
            field="content",
        )
    if len(content) > MAX_MARKUP * settings.ANSWER_MAX_CHARS:
        raise DomainError("answer_too_long", _("The answer's markup is too long."), field="content")
    visible, hidden = take_out_hidden(storable_text(content))
    cleaned = clean_rich_html(visible)
    text = html_to_text(cleaned)
    limit = settings.ANSWER_MAX_CHARS
    if len(text) > limit:
        message = _("The answer has %(length)d characters; at most %(limit)d are allowed.")
        raise DomainError(
            "answer_too_long", message % {"length": len(text), "limit": limit}, field="content"
        )
    if not INVISIBLE.sub("", text).strip():
        message = (
            _("Nobody can see the text of this answer. Paste it as plain text, then submit again.")
            if hidden
            else _("Write an answer before you submit.")
        )
        raise DomainError("blank_answer", message, field="content")
    return CheckedAnswer(cleaned, [{"kind": str(h.kind), "text": h.text} for h in hidden])


def checked_title(title: str) -> str:
    """The trimmed title.

    Raises:
        DomainError: `title_too_long` or `nul_character`.
    """
    title = title.strip()
    if "\x00" in title:
        message = _("The title contains a NUL character. Remove it, then submit again.")
        raise DomainError("nul_character", message, field="title")
    limit = Submission._meta.get_field("title").max_length or 0
    if len(title) > limit:
        message = _("The title is too long; at most %d characters are allowed.") % limit
        raise DomainError("title_too_long", message, field="title")
    return storable_text(title)


def _submitted_before(student: User, key: str) -> Submission | None:
    return Submission.objects.filter(student=student, idempotency_key=key).first()


def _same_answer(known: Submission, entry: Entry, content: str, title: str) -> Submission:
    same_title = not title or known.title == title
    if known.entry_id == entry.pk and known.content == content and same_title:
        return known
    raise ConflictError(
        "key_reused",
        _("This was handed in before, with another answer. Submit again to hand in this one."),
    )
