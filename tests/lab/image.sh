#!/bin/sh
# Make the image of the lab's hosts, once: Debian with sshd and Python, from the machine's own package sources.
# Usage: image.sh NAME SUITE
set -eu
name=$1 suite=$2
if podman image exists "$name"; then exit 0; fi
echo "lab: making the image $name (Debian $suite), about a minute" >&2
archive=$(mktemp --suffix=.tar)
trap 'rm -f "$archive"' EXIT
mmdebstrap --quiet --variant=minbase --include=python3,iproute2,procps,openssh-server,sudo "$suite" "$archive"
podman import --quiet --change 'CMD ["/usr/sbin/sshd", "-D", "-e"]' "$archive" "$name" >/dev/null
