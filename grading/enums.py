"""The closed sets of values that grading uses."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from grading.engine.errors import ErrorCode
from grading.engine.types import ReviewReason


class EntryStatus(models.TextChoices):
    """Where a student stands with an entry, as the student may know it."""

    NOT_SUBMITTED = "not_submitted", _("Not submitted")
    SUBMITTED_PROCESSING = "submitted_processing", _("Being graded")
    OUTCOME_AVAILABLE = "outcome_available", _("Outcome available")


class RunState(models.TextChoices):
    """The life of a grading run."""

    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    PAUSED = "paused", _("Stopped")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")


ACTIVE_STATES = (RunState.QUEUED, RunState.RUNNING)
OPEN_STATES = (*ACTIVE_STATES, RunState.PAUSED)
"""Of runs that have not ended; a paused one moves again only when somebody resumes it."""


class ProviderKind(models.TextChoices):
    """The protocols that we speak."""

    GEMINI = "gemini", _("Gemini (google-generativeai)")
    GENAI = "google-genai", _("Gemini (google-genai)")
    OPENAI = "openai", _("OpenAI-compatible")
    SIMULATOR = "simulator", _("Simulator (no AI model)")


class GraderKind(models.TextChoices):
    """Who or what made a revision of an outcome."""

    AI = "ai", _("AI model")
    SIMULATOR = "simulator", _("Simulator (no AI model)")
    RULE = "rule", _("Rule (no grader was asked)")
    PERSON = "person", _("Person")


class SubmissionStatus(models.TextChoices):
    """Where a submission stands, as staff see it; derived, never stored."""

    QUEUED = "queued", _("Queued")
    GRADING = "grading", _("Being graded")
    NEEDS_PERSON = "needs_person", _("Needs a person")
    RELEASED = "released", _("Released")


class ReviewKind(models.TextChoices):
    """Why a submission is in the queue of those that a person must look at."""

    ASKED = "asked", _("Asked by the student")
    FAILED = "failed", _("Could not be graded")
    STOPPED = "stopped", _("Stopped")
    LOW_CONFIDENCE = ReviewReason.LOW_CONFIDENCE.value, _("Low confidence")
    UNVERIFIED_EVIDENCE = ReviewReason.UNVERIFIED_EVIDENCE.value, _("Evidence not found")
    DISAGREEMENT = ReviewReason.DISAGREEMENT.value, _("Opinions differ")
    ADDRESSES_GRADER = ReviewReason.ADDRESSES_GRADER.value, _("Talks to the grader")
    HIDDEN_TEXT = ReviewReason.HIDDEN_TEXT.value, _("Hidden text")
    RUBRIC_LEAK = ReviewReason.RUBRIC_LEAK.value, _("Tells the rubric")


class WebhookEvent(models.TextChoices):
    """What another system can be told about."""

    SUBMISSION_CREATED = "submission.created", _("An answer was handed in")
    OUTCOME_AVAILABLE = "outcome.available", _("An outcome can be read by the student")
    OUTCOME_OVERRIDDEN = "outcome.overridden", _("A person decided on an outcome")


class DeliveryState(models.TextChoices):
    """The life of one message to another system."""

    QUEUED = "queued", _("Queued")
    SENDING = "sending", _("Being sent")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")


ACTIVE_DELIVERY_STATES = (DeliveryState.QUEUED, DeliveryState.SENDING)


ERROR_SENTENCES = {
    ErrorCode.RATE_LIMIT: _("The provider takes no more requests for the moment."),
    ErrorCode.QUOTA_SPENT: _("The account's quota at the provider is spent."),
    ErrorCode.OVERLOADED: _("The provider is overloaded or broken."),
    ErrorCode.TIMEOUT: _("The provider did not answer in time."),
    ErrorCode.CONNECTION: _("The provider could not be reached."),
    ErrorCode.MALFORMED_REPLY: _("The provider's reply could not be understood."),
    ErrorCode.INCOMPLETE_REPLY: _("The provider's reply was incomplete."),
    ErrorCode.SAFETY_BLOCK: _("The provider refused to read or answer this."),
    ErrorCode.TOO_LONG: _("The answer and the rubric are too long for the provider."),
    ErrorCode.BAD_KEY: _("The provider did not accept the key of this server."),
    ErrorCode.NO_MODEL: _("The provider does not know the model; check its name."),
    ErrorCode.BAD_REQUEST: _("The provider did not accept the request."),
    ErrorCode.NO_RUBRIC: _("The entry has no rubric to grade with."),
    ErrorCode.WORKER_LOST: _("The worker was lost while grading."),
    ErrorCode.INTERNAL: _("An error in FlexAGE itself; its log has the details."),
}
"""What staff read of a cause."""

REVIEW_SENTENCES = {
    ReviewReason.LOW_CONFIDENCE: _("The grader is not sure of its levels."),
    ReviewReason.UNVERIFIED_EVIDENCE: _(
        "A level is not backed by the answer: a quote does not stand in it, or there is none."
    ),
    ReviewReason.DISAGREEMENT: _("Independent opinions differ on a level."),
    ReviewReason.ADDRESSES_GRADER: _(
        "The answer talks to the grader; it was graded without those passages."
    ),
    ReviewReason.HIDDEN_TEXT: _("The answer held text that nobody can see; it was taken out."),
    ReviewReason.RUBRIC_LEAK: _(
        "The feedback repeats what the rubric says and students may not see."
    ),
}
"""What staff read of a reason for review."""
