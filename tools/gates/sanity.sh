#!/usr/bin/env bash
# ansible-test sanity, in a real copy at the path that it wants.
source "$(dirname "$0")/common.sh"
need_test_venv
# It keeps its own environments in the home directory, and fetches get-pip.py from a host that closed networks lack.
export HOME=$BUILD/home
mkdir -p "$HOME/.ansible/test/cache"
cp tools/get_pip.py "$HOME/.ansible/test/cache/get_pip_24_2.py"
cd "$COLLECTION"
# It asks git which files there are, and the git of this checkout would say: none, .build is ignored.
git init --quiet
log=$BUILD/logs/sanity-raw.log
mkdir -p "$BUILD/logs"
status=0
ansible-test sanity --local --requirements --color no --python "$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" >"$log" 2>&1 || status=$?
if grep -q 'All targets skipped' "$log"; then status=1; fi
grep -E '^(ERROR|FATAL|WARNING: (Skipping|Reviewing))' "$log" || true
ran=$(grep -c '^Running sanity test' "$log" || true)
failed=$(grep -cE '^ERROR: Found [0-9]+ .* issue' "$log" || true)
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
count sanity $((ran - failed)) "$failed" 0
exit $status
