#!/bin/sh
# Makes sure that there is a Chromium for the browser tests: an installed one, else the one that
# Playwright downloads, else Debian's package. Usage: ensure_browser.sh PYTHON
set -u
python=$1

for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if "$python" -c 'import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as p: sys.exit(not os.path.exists(p.chromium.executable_path))' 2>/dev/null; then exit 0; fi

echo "Installing Chromium for the browser tests ..."
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null && exit 0
fi
"$python" -m playwright install chromium && exit 0

echo "The browser tests need Chromium and it could not be installed; install it, then try again." >&2
exit 1
