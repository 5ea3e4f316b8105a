#!/bin/sh
# The main job on the example repository: a bug report in, a verified commit on a branch out.
# Usage: scripts/demo.sh [SAMOVAR]   (the command; by default the one of the virtual environment)
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
samovar=${1:-$top/.venv/bin/samovar}
case $samovar in */*) samovar=$(cd "$(dirname "$samovar")" && pwd)/$(basename "$samovar") ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/samovar-demo.XXXXXX")
cp -R "$top/example/." "$work"
cd "$work"
rm -rf .pytest_cache
find . -name __pycache__ -type d -prune -exec rm -rf {} +
git -c init.defaultBranch=main init -q
git add .
git -c user.name=Demo -c user.email=demo@localhost -c commit.gpgsign=false \
    commit -q -m "the example as it was reported"
echo "The bug report:"
sed 's/^/    /' ISSUE.md
echo
"$samovar" do "$(cat ISSUE.md)" --yes
echo
echo "What samovar show says of it afterwards:"
"$samovar" show
echo
echo "The repository stays in $work"
