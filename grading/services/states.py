"""A student's state in an entry follows from the newest submission, and from nothing else."""

from accounts.models import User
from components.models import Entry
from grading.enums import EntryStatus
from grading.models import Outcome, StudentEntryState, Submission


def refresh_state(entry: Entry, student: User) -> StudentEntryState:
    """Bring the state in line with what was submitted and released.

    Call it in the transaction of whatever changed one of these; it locks the state's row.
    """
    key = StudentEntryState.id_for(entry.pk, student.pk)
    state, _created = StudentEntryState.objects.select_for_update().get_or_create(
        entry=entry, student=student, defaults={"id": key}
    )
    latest = Submission.objects.filter(entry=entry, student=student).order_by("-attempt").first()
    state.latest_submission = latest
    state.status = _status_of(latest)
    state.save(update_fields=["latest_submission", "status", "updated_at"])
    return state


def _status_of(latest: Submission | None) -> EntryStatus:
    if latest is None:
        return EntryStatus.NOT_SUBMITTED
    if Outcome.objects.filter(submission=latest, released__isnull=False).exists():
        return EntryStatus.OUTCOME_AVAILABLE
    return EntryStatus.SUBMITTED_PROCESSING
