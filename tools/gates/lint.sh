#!/usr/bin/env bash
# ansible-lint at its strictest profile, and ruff.
source "$(dirname "$0")/common.sh"
need_test_venv
cd "$COLLECTION"
failed=0
ansible-lint --offline --profile production --nocolor || failed=$((failed + 1))
ruff check --no-cache plugins tests tools || failed=$((failed + 1))
count lint $((2 - failed)) "$failed" 0
exit "$failed"
