"""`manage.py worker`: grades and tells what is queued until it is told to stop."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand

from grading import queue
from grading.services.claims import is_stuck
from grading.services.gates import probe_all_now
from grading.services.workers import beat, end_heartbeat
from grading.webhooks import WebhookSender
from grading.worker import stop_requested


class Command(BaseCommand):
    help = (
        "Starts a worker that grades what is queued and sends what webhooks are to be told. "
        "Ctrl-C or SIGTERM stops it cleanly."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        worker_id, sender = uuid.uuid4(), WebhookSender()

        def stop() -> None:
            stop_requested.set()
            sender.stop()

        queue.ensure_schedule()
        probe_all_now()
        queue.run_cluster(
            on_stop=stop,
            is_stuck=is_stuck,
            on_look=partial(beat, worker_id),
            beside=_company(sender, worker_id),
        )
        self.stdout.write("The worker has stopped.")


@contextmanager
def _company(sender: WebhookSender, worker_id: uuid.UUID) -> Iterator[None]:
    """What lives as long as the cluster, in the process that started it."""
    beat(worker_id)
    sender.start()
    try:
        yield
    finally:
        sender.stop()
        sender.join()
        end_heartbeat(worker_id)
