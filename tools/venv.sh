#!/usr/bin/env bash
# Make a virtual environment FOLDER with the packages of REQUIREMENTS, in one of the interpreters that ansible-core supports.
set -euo pipefail
folder=${1:?usage: venv.sh FOLDER REQUIREMENTS} requirements=${2:?usage: venv.sh FOLDER REQUIREMENTS}
python=${PYTHON:-python3}
command -v "$python" >/dev/null || "$(dirname "$0")/apt.sh" python3 python3-venv
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$python is $("$python" --version 2>&1); ansible-core 2.19 needs Python 3.11 or newer on the controller: set PYTHON=" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    "$(dirname "$0")/apt.sh" python3-venv
fi
echo "making $(basename "$folder") from $(basename "$requirements")"
"$python" -m venv --clear "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
