# Sourced by the gates of faults with their name, and the options of tests/faults/run.py.
gate=$1; shift
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
need_test_venv
make --silent "$BUILD/lab-ready"
export LAB_BUILD=$BUILD
status=0
PYTHONPATH=$BUILD python tests/faults/run.py "$@" || status=$?
python tools/gates/count_faults.py "$gate" "$BUILD/faults.json"
exit $status
