from accounts.api.routes import either_way
from grading.api import configure as staff
from grading.api import student as own
from grading.api import webhooks as hooks

configure = [
    either_way("entries/<id:entry_id>/submissions", staff.EntrySubmissions, "entry_submissions"),
    either_way("entries/<id:entry_id>/student_states", staff.EntryStates, "student_states"),
    either_way("entries/<id:entry_id>/results.csv", staff.EntryResults, "results"),
    either_way("submissions/", staff.Submissions, "submissions"),
    either_way("submissions/<id:submission_id>", staff.SubmissionView, "submission"),
    either_way(
        "submissions/<id:submission_id>/generate-outcome", staff.GenerateOutcome, "generate"
    ),
    either_way(
        "submissions/<id:submission_id>/generate_outcome", staff.GenerateOutcome, "generate_alias"
    ),
    either_way("outcomes/<id:outcome_id>", staff.OutcomeView, "outcome"),
    either_way("outcomes/<id:outcome_id>/release", staff.ReleaseOutcome, "release"),
    either_way("webhooks", hooks.Webhooks, "webhooks"),
    either_way("webhooks/<id:webhook_id>", hooks.WebhookView, "webhook"),
    either_way("webhooks/<id:webhook_id>/deliveries", hooks.Deliveries, "deliveries"),
    either_way(
        "webhooks/<id:webhook_id>/deliveries/<id:delivery_id>/resend", hooks.Resend, "resend"
    ),
]
student = [
    either_way("flexagecomps", own.StudentComponents, "components"),
    either_way("flexagecomps/<id:comp_id>/entries", own.StudentEntries, "entries"),
    either_way("entries/<id:entry_id>", own.StudentEntryView, "entry"),
    either_way("entries/<id:entry_id>/submit", own.Submit, "submit"),
    either_way("entries/<id:entry_id>/submissions", own.StudentEntrySubmissions, "own_submissions"),
    either_way("submissions", own.StudentSubmissions, "submissions"),
    either_way("submissions/<id:submission_id>", own.StudentSubmission, "submission"),
]
