# Sourced by the gates.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export ROOT=$PWD BUILD=$PWD/.build
export COLLECTION=$BUILD/ansible_collections/linuxnet/socket_buffers
export ANSIBLE_HOME=$BUILD/ansible ANSIBLE_COLLECTIONS_PATH=$BUILD ANSIBLE_LOCALHOST_WARNING=false
make --silent tree
need_test_venv() { make --silent "$BUILD/venv-test/ready"; PATH=$BUILD/venv-test/bin:$PATH; }
count() { echo "$1: $2 passed, $3 failed, $4 skipped"; }
