#!/usr/bin/env bash
# Everything that runs on hosts, imported by Python 3.6: the oldest interpreter of a managed host.
source "$(dirname "$0")/common.sh"
python=${PYTHON36:-$(ls -d ~/.pyenv/versions/3.6.*/bin/python 2>/dev/null | tail -n 1)}
if [ -z "$python" ]; then
    echo "no Python 3.6 here (set PYTHON36=, or have pyenv install 3.6.15)"
    count python36 0 0 1
    exit 0
fi
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$BUILD "$python" tools/gates/import_all.py
