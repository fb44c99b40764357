"""`manage.py import_submissions FILE --entry ID`: answers from elsewhere, graded by the worker."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from components.models import Entry
from grading.services.imports import ImportRefusedError, import_submissions, read_rows

MAX_REPORTED = 50


class Command(BaseCommand):
    help = (
        "Imports answers from a CSV (.csv) or JSON Lines (.jsonl) file: student, content, maybe "
        "title, and maybe human scores per criterion (columns score:1, score:1:GRADER; or "
        '"scores": {"GRADER": {"1": 3}}). All rows or none.'
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--entry", required=True, help="The entry's id.")
        parser.add_argument(
            "--create-students",
            action="store_true",
            help="Make and enroll students who are not there yet (they have no password).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        entry = self._entry(options["entry"])
        path: Path = options["file"]
        try:
            rows = read_rows(path.name, path.read_text(encoding="utf-8"))
            imported = import_submissions(
                entry, rows, create_students=options["create_students"], progress=self._progress
            )
        except ImportRefusedError as error:
            self._report(error)
            raise CommandError(error.message) from error
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path} cannot be read: {error}") from error
        self.stdout.write(f"{len(imported)} answers imported; they wait for the worker.")

    def _entry(self, key: str) -> Entry:
        try:
            return Entry.objects.select_related("rubric", "component").get(pk=key)
        except (Entry.DoesNotExist, ValidationError):
            raise CommandError(f"There is no entry {key}.") from None

    def _progress(self, rows: list[Any]) -> Any:
        return tqdm(rows, unit="row", disable=None)  # none where nobody watches

    def _report(self, error: ImportRefusedError) -> None:
        for row in error.rows[:MAX_REPORTED]:
            self.stderr.write(f"row {row.number}: {row.message}")
        if len(error.rows) > MAX_REPORTED:
            self.stderr.write(f"... and {len(error.rows) - MAX_REPORTED} more")
