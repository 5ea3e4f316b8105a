#!/bin/sh
# Print where a Chromium or Chrome is; install the Debian package where there is none.
set -e
found=$(command -v chromium google-chrome | head -1)
if [ -z "$found" ]; then
  apt-get update >&2 && apt-get install -y --no-install-recommends chromium >&2
  found=$(command -v chromium)
fi
echo "$found"
