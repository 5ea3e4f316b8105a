#!/bin/sh
# What the container of the team does: a team at the first start, then engine and dashboard.
# SAMOVAR_REPOSITORY is the repository it works on; SAMOVAR_PORT the port, inside as outside.
set -eu
if [ "$(id -u)" = 0 ]; then
  echo "the team does not work as root: set SAMOVAR_USER to the plain user who owns the repository" >&2
  exit 2
fi
team="$HOME/team"
if [ -n "${SAMOVAR_REPOSITORY:-}" ]; then
  samovar bootstrap "$team" --repo "$SAMOVAR_REPOSITORY"
else
  samovar bootstrap "$team"
fi
exec samovar up --home "$team" --host 0.0.0.0 --port "${SAMOVAR_PORT:-8000}"
