"""`python -m flexage.dotenv`: gives a fresh checkout a development `.env`.

Only what is named neither in the environment nor in the file is added, and nothing at all where
DEBUG is off: a production server gets its settings from whoever runs it.
"""

import os
import secrets
from pathlib import Path

from flexage.env import DEVELOPMENT_KEY_PREFIX, FALSE

DOTENV = Path(__file__).resolve().parent.parent / ".env"


def missing_lines(present: dict[str, str]) -> list[str]:
    """The lines that development needs and `present` settings do not have."""
    lines = []
    if not present.get("DEBUG"):
        lines.append("DEBUG=true")
    if present.get("DEBUG", "").lower() not in FALSE and not present.get("SECRET_KEY"):
        lines.append(f"SECRET_KEY={DEVELOPMENT_KEY_PREFIX}{secrets.token_urlsafe(50)}")
    return lines


def settings_in(text: str) -> dict[str, str]:
    """The names and values in a `.env` text."""
    pairs = (line.removeprefix("export ").partition("=") for line in text.splitlines())
    return {name.strip(): value.strip().strip("\"'") for name, sign, value in pairs if sign}


def main() -> None:
    """Add what is missing to `.env`."""
    text = DOTENV.read_text() if DOTENV.is_file() else ""
    environment = {name: value for name, value in os.environ.items() if value}
    lines = missing_lines({**settings_in(text), **environment})
    if lines:
        comment = "# Added for development; a server sets its own DEBUG=false and SECRET_KEY."
        separator = "" if not text or text.endswith("\n") else "\n"
        DOTENV.write_text(f"{text}{separator}{comment}\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
