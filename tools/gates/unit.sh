#!/usr/bin/env bash
# Unit tests, and the modules on real sysctls in network namespaces of their own.
source "$(dirname "$0")/common.sh"
need_test_venv
tools/apt.sh iproute2 procps util-linux
status=0
PYTHONPATH=$BUILD python -m pytest -q -p no:cacheprovider --junit-xml "$BUILD/unit.xml" -rs "$COLLECTION/tests/unit" || status=$?
python tools/gates/count_junit.py unit "$BUILD/unit.xml"
exit $status
