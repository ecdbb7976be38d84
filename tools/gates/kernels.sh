#!/usr/bin/env bash
# Other kernels in emulated machines, one after the other: about a quarter of an hour each. Not part of `make test`.
source "$(dirname "$0")/common.sh"
need_test_venv
make --silent "$BUILD/lab-ready"
export LAB_BUILD=$BUILD CONTAINERS_CONF=$BUILD/containers.conf
status=0
PYTHONPATH=$BUILD python -m pytest -q -p no:cacheprovider --junit-xml "$BUILD/kernels.xml" -rs -s tests/kernels || status=$?
python tools/gates/count_junit.py kernels "$BUILD/kernels.xml"
exit $status
