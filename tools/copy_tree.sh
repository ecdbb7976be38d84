#!/usr/bin/env bash
# Copy what git knows, and what it does not ignore, to DESTINATION: ansible-test refuses links and other paths.
set -euo pipefail
destination=${1:?usage: copy_tree.sh DESTINATION}
mkdir -p "$destination"
# Kept apart from the copy, so that a file removed here is removed there too.
fresh=$(mktemp -d "$destination.XXXXXX")
comm -z -23 <(git ls-files -coz --exclude-standard | sort -zu) <(git ls-files -dz | sort -z) | tar --null -T - -c | tar -x -C "$fresh"
chmod 755 "$fresh"
rm -rf "$destination"
mv "$fresh" "$destination"
