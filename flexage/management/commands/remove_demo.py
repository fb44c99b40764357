"""`manage.py remove_demo`: before a server that was tried out is used for real."""

from typing import Any

from django.core.management.base import BaseCommand

from flexage.demo.service import remove_demo


class Command(BaseCommand):
    help = "Deletes the demo accounts and the components they made, with all that is in them."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{remove_demo()} demo accounts are gone.")
