"""Submissions, the runs that grade them, and their outcomes."""

from grading.models.outcomes import HumanScore, Outcome, OutcomeRevision
from grading.models.runs import GradingRun
from grading.models.submissions import STATUS_FILTERS, StudentEntryState, Submission

__all__ = [
    "STATUS_FILTERS",
    "GradingRun",
    "HumanScore",
    "Outcome",
    "OutcomeRevision",
    "StudentEntryState",
    "Submission",
]
