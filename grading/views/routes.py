"""The addresses of how answers are graded, for :mod:`grading.urls` to take in."""

from django.urls import path

from grading.views import bulk, policies

urlpatterns = [
    path(
        "configure/entries/<uuid:entry_pk>/grading/", policies.entry_grading, name="entry_grading"
    ),
    path(
        "configure/components/<uuid:component_pk>/grading/",
        policies.component_grading,
        name="component_grading",
    ),
    path("configure/entries/<uuid:entry_pk>/bulk/", bulk.bulk_run, name="bulk_run"),
    path("configure/bulk/<int:pk>/", bulk.batch_detail, name="batch_detail"),
    path("configure/bulk/<int:pk>/progress/", bulk.batch_progress, name="batch_progress"),
    path("configure/bulk/<int:pk>/stop/", bulk.batch_stop, name="batch_stop"),
    path("configure/bulk/<int:pk>/resume/", bulk.batch_resume, name="batch_resume"),
    path("configure/providers/<str:key>/retry/", policies.provider_retry, name="provider_retry"),
]
