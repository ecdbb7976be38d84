#!/usr/bin/env bash
# kill_controller.sh INVENTORY PLAYBOOK: start it in a session of its own, SIGKILL all of that after it has begun to pause.
set -eu
log=$(mktemp)
setsid ansible-playbook --inventory="$1" "$2" >"$log" 2>&1 </dev/null &
controller=$!
for _try in $(seq 60); do
    if grep -q 'TASK \[Watch it\]' "$log"; then break; fi
    sleep 0.5
done
grep -q 'TASK \[Watch it\]' "$log"
kill -KILL -- "-$controller"
rm -f "$log"
