from django.urls import path

from grading.views import provenance, queue, review, routes, student

app_name = "grading"
urlpatterns = [
    path("student/", student.home, name="student_home"),
    path("student/components/<uuid:pk>/", student.component, name="student_component"),
    path("student/entries/<uuid:pk>/", student.entry, name="student_entry"),
    path("student/submissions/<uuid:pk>/", student.submission, name="student_submission"),
    path(
        "student/submissions/<uuid:pk>/status/",
        student.submission_status,
        name="student_submission_status",
    ),
    path("student/submissions/<uuid:pk>/review/", student.ask, name="ask_for_review"),
    path("configure/review/", queue.review_queue, name="review_queue"),
    path("configure/reviews/<uuid:pk>/", review.review_answer, name="answer_review"),
    path("configure/submissions/<uuid:pk>/stop/", review.submission_stop, name="submission_stop"),
    path(
        "configure/submissions/<uuid:pk>/resume/",
        review.submission_resume,
        name="submission_resume",
    ),
    path("configure/runs/<uuid:pk>/", provenance.run_detail, name="run_detail"),
    path("configure/runs/<uuid:pk>/export/", provenance.run_export, name="run_export"),
    path(
        "configure/entries/<uuid:entry_pk>/submissions/",
        review.submission_list,
        name="submission_list",
    ),
    path("configure/submissions/<uuid:pk>/", review.submission_detail, name="submission_detail"),
    path(
        "configure/submissions/<uuid:pk>/progress/",
        review.submission_progress,
        name="submission_progress",
    ),
    path(
        "configure/submissions/<uuid:pk>/regrade/",
        review.submission_regrade,
        name="submission_regrade",
    ),
    path(
        "configure/submissions/<uuid:pk>/release/",
        review.submission_release,
        name="submission_release",
    ),
    *routes.urlpatterns,
]
