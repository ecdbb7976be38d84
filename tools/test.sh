#!/usr/bin/env bash
# Run the named gates one after the other, all of them even if one fails, and count what ran.
# A gate is tools/gates/NAME.sh; it ends with a line "NAME: N passed, N failed, N skipped".
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p .build/logs
passed=0 failed=0 skipped=0 broken=()
for gate in "$@"; do
    echo "== $gate"
    started=$SECONDS
    if ! tools/gates/"$gate".sh 2>&1 | tee ".build/logs/$gate.log"; then
        broken+=("$gate")
    fi
    counts=$(grep -oE "^$gate: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped" ".build/logs/$gate.log" | tail -n 1)
    if [ -z "$counts" ]; then
        counts="$gate: 0 passed, 1 failed, 0 skipped"
        [[ " ${broken[*]} " == *" $gate "* ]] || broken+=("$gate")
    fi
    read -r p f s < <(grep -oE '[0-9]+ (passed|failed|skipped)' <<<"$counts" | grep -oE '^[0-9]+' | xargs)
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    echo "== $gate took $((SECONDS - started)) s"
done
[ ${#broken[@]} -eq 0 ] || echo "failed gates: ${broken[*]} (logs in .build/logs)"
echo "$passed passed, $failed failed, $skipped skipped"
[ ${#broken[@]} -eq 0 ] && [ "$failed" -eq 0 ]
