#!/usr/bin/env bash
# ansible-lint at its strictest profile.
source "$(dirname "$0")/common.sh"
need_test_venv
cd "$COLLECTION"
if ansible-lint --offline --profile production --nocolor; then count lint 1 0 0; else count lint 0 1 0; exit 1; fi
