#!/usr/bin/env bash
# kill_controller.sh TASK COMMAND...: start ansible-playbook in a session of its own, SIGKILL all of that once the task has begun.
set -eu
task=$1; shift
log=$(mktemp)
setsid "$@" >"$log" 2>&1 </dev/null &
controller=$!
for _try in $(seq 180); do
    if grep -q "TASK \[.*$task" "$log"; then break; fi
    sleep 0.5
done
grep -q "TASK \[.*$task" "$log" || { cat "$log"; exit 1; }
kill -KILL -- "-$controller"
rm -f "$log"
