"""`manage.py run`: everything needed to use FlexAGE on this machine, in one command."""

import sys
from argparse import ArgumentParser
from io import TextIOWrapper
from typing import Any, cast

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import Error, connection

from accounts.models import User
from flexage import launcher
from flexage.demo.service import complete_demo, create_demo, demo_people
from flexage.launcher import Child, Launcher, LaunchError

WEB_TIMEOUT_SECONDS = 60.0


class Command(BaseCommand):
    help = "Prepares the database and runs the web server and the worker until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="Make no demo data.")

    def handle(self, *args: Any, **options: Any) -> None:
        # Each line at once, also where the output goes to a file or a log.
        cast(TextIOWrapper, sys.stdout).reconfigure(line_buffering=True)
        try:
            launcher.check_port(settings.HOST, settings.PORT)
            self._prepare()
            is_first_start = not User.objects.exists()
            with_demo = is_first_start and settings.DEBUG and not options["no_demo"]
            if with_demo:
                self.stdout.write("Making the demo data ...")
                create_demo()
            connection.close()
            self._run(with_demo=with_demo)
        except LaunchError as error:
            raise CommandError(f"FlexAGE cannot start: {error}") from error
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")

    def _prepare(self) -> None:
        self.stdout.write("Preparing the database ...")
        try:
            connection.ensure_connection()
        except Error as error:
            first_line = str(error).strip().splitlines()[0]
            raise LaunchError(
                f"the database of DATABASE_URL does not answer: {first_line}"
            ) from error
        call_command("migrate", verbosity=0, interactive=False)
        if not settings.DEBUG:
            if demo_people().exists():
                raise LaunchError(
                    "the database has demo accounts, and DEBUG is off; remove them with "
                    "`manage.py remove_demo`, or use another DATABASE_URL."
                )
            call_command("collectstatic", verbosity=0, interactive=False)

    def _run(self, *, with_demo: bool) -> None:
        processes = Launcher(
            [
                Child(
                    "worker",
                    launcher.worker_command(str(settings.BASE_DIR / "manage.py")),
                    grace=settings.GRADING_TIMEOUT + 10.0,
                ),
                Child(
                    "web server",
                    launcher.web_command(settings.HOST, settings.PORT),
                    grace=launcher.WEB_GRACE_SECONDS,
                ),
            ],
            say=self.stdout.write,
        )
        processes.start()
        try:
            if with_demo and not complete_demo(give_up=lambda: processes.stop_requests):
                self.stdout.write("The demo answers are still being graded.")
            if not launcher.wait_for_web(settings.HOST, settings.PORT, WEB_TIMEOUT_SECONDS):
                raise LaunchError("the web server does not answer; its messages are above.")
            if not processes.stop_requests:
                self._welcome()
            processes.supervise()
        finally:
            self.stdout.write("Stopping ...")
            processes.stop()
            self.stdout.write("Stopped.")

    def _welcome(self) -> None:
        self.stdout.write(f"\nFlexAGE runs at http://{settings.HOST}:{settings.PORT}/")
        self.stdout.write(f"Grading: {self._grader()}")
        names = list(demo_people().filter(is_active=True).values_list("username", flat=True))
        if settings.DEBUG and names:
            self.stdout.write(
                f"Demo sign-ins, password {settings.DEMO_PASSWORD}: {', '.join(names)}"
            )
        if not User.objects.exists():
            self.stdout.write("Make the first admin with `manage.py createsuperuser`.")
        self.stdout.write("Ctrl-C stops it.\n")

    def _grader(self) -> str:
        if settings.GRADING_PROVIDER == "gemini":
            return f"Gemini ({settings.GRADING_MODEL})"
        return "the built-in simulator; no AI model is involved (set GOOGLE_API_KEY for Gemini)"
