"""Who may do what to submissions: one predicate each, for the button and for the request."""

from accounts.models import User
from components.models import Entry
from components.rules import can_manage, is_enrolled
from grading.models import Outcome, Submission


def can_submit(user: User, entry: Entry) -> bool:
    """May hand in an answer: a student enrolled in the entry's component."""
    return user.is_student and is_enrolled(user, entry.component)


def can_review(user: User, submission: Submission) -> bool:
    """May override, release or grade again."""
    return can_manage(user, submission.entry.component)


def is_author(user: User, submission: Submission) -> bool:
    """Handed it in, as the student they still are."""
    return user.is_active and user.is_student and user.pk == submission.student_id


def can_ask_for_review(user: User, submission: Submission) -> bool:
    """May ask a person to look again: its author, once an outcome is released."""
    return is_author(user, submission) and submission.released_revision is not None


def can_release(outcome: Outcome | None) -> bool:
    """Whether there is an evaluation that waits for somebody to let it out."""
    return outcome is not None and outcome.needs_review
