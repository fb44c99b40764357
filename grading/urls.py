from django.urls import path

from grading.views import review, student

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
]
