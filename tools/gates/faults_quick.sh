#!/usr/bin/env bash
# Two of the table of faults, on a small fleet: the controller dies, and a trial together with its guardian.
source "$(dirname "$0")/fleet_faults.sh" faults_quick --quick --hosts 3
