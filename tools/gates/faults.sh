#!/usr/bin/env bash
# The table of faults on a fleet of containers; not part of `make test`, which has faults_quick. [ARGS="--faults ssh_cut"]
source "$(dirname "$0")/fleet_faults.sh" faults ${ARGS:-}
