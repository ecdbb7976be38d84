#!/usr/bin/env bash
# Every Molecule scenario, in containers of the lab: one fleet at a time.
source "$(dirname "$0")/common.sh"
need_test_venv
make --silent "$BUILD/lab-ready"
export LAB_BUILD=$BUILD NO_COLOR=1
passed=0 failed=0
for scenario in "$COLLECTION"/extensions/molecule/*/molecule.yml; do
    name=$(basename "$(dirname "$scenario")")
    echo "-- molecule $name"
    if (cd "$COLLECTION/extensions" && molecule test --no-command-borders --scenario-name "$name"); then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
count molecule "$passed" "$failed" 0
[ "$failed" -eq 0 ]
