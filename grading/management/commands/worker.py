"""`manage.py worker`: grades what is queued until it is told to stop."""

from typing import Any

from django.core.management.base import BaseCommand

from grading import queue
from grading.services.runs import is_stuck
from grading.worker import stop_requested


class Command(BaseCommand):
    help = "Starts a worker that grades what is queued. Ctrl-C or SIGTERM stops it cleanly."

    def handle(self, *args: Any, **options: Any) -> None:
        queue.ensure_schedule()
        queue.run_cluster(on_stop=stop_requested.set, is_stuck=is_stuck)
        self.stdout.write("The worker has stopped.")
