#!/usr/bin/env bash
# The oldest supported ansible-core drives the oldest supported host Python through the facts, a window and a trial.
source "$(dirname "$0")/common.sh"
python=${PYTHON36:-$(ls -d ~/.pyenv/versions/3.6.*/bin/python 2>/dev/null | tail -n 1)}
if [ -z "$python" ] || [ "$(id -u)" -ne 0 ]; then
    echo "needs root, and Python 3.6 for the host's side (set PYTHON36=, or have pyenv install 3.6.15)"
    count core216 0 0 1
    exit 0
fi
make --silent "$BUILD/venv-core216/ready"
PATH=$BUILD/venv-core216/bin:$PATH
if unshare --net env SMOKE_PYTHON="$python" ansible-playbook -i localhost, tests/smoke/smoke.yml; then count core216 1 0 0; else count core216 0 1 0; exit 1; fi
