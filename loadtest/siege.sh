#!/usr/bin/env bash
# Sends likes with siege to the mysfits of likes.targets. README.md describes the options.
set -euo pipefail

alb=${ALB:-http://127.0.0.1:8080}
if ((!$#)); then
    set -- --concurrent=10 --time=30S --delay=1
fi
urls=$(mktemp)
trap 'rm -f "$urls"' EXIT
# siege reads lines like `http://host/path POST`.
awk -v alb="${alb%/}" '{ sub("^http://[^/]*", alb, $2); print $2, $1 }' "$(dirname "$0")/likes.targets" >"$urls"
siege --file="$urls" "$@"
