#!/bin/sh
# Make the one script of the dashboard: htmx with two of its extensions, then our own lines.
# One file, because two deferred scripts sometimes lost the live stream (docs/decisions).
set -eu
VERSION=4.0.1
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$PWD/src/samovar/web
cd "$work"
npm pack --silent "htmx.org@$VERSION" >/dev/null
tar xzf "htmx.org-$VERSION.tgz"
{
  echo "/*! htmx $VERSION with hx-sse and hx-csp, https://htmx.org, Zero-Clause BSD; then samovar's own lines, MIT */"
  for file in htmx ext/hx-sse ext/hx-csp; do
    sed '/sourceMappingURL/d' "package/dist/$file.min.js"
    echo
  done
  cat "$here/script/own.js"
} >"$here/assets/site.js"
