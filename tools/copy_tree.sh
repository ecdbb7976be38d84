#!/usr/bin/env bash
# Copy what git knows, and what it does not ignore, to DESTINATION: ansible-test refuses links and other paths.
set -euo pipefail
destination=${1:?usage: copy_tree.sh DESTINATION}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Plain commands, so that a git that refuses ends this before the last copy is touched.
git ls-files -coz --exclude-standard >"$work/all"
git ls-files -dz >"$work/deleted"
sort -zu -o "$work/all" "$work/all"
sort -zu -o "$work/deleted" "$work/deleted"
comm -z -23 "$work/all" "$work/deleted" >"$work/files"
mkdir -p "$destination"
fresh=$(mktemp -d "$destination.XXXXXX")
tar --null -T "$work/files" -c | tar -x -C "$fresh"
chmod 755 "$fresh"
rm -rf "$destination"
mv "$fresh" "$destination"
