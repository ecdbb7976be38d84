#!/usr/bin/env bash
# What the lab's containers need on this machine.
set -euo pipefail
if [ "$(id -u)" -ne 0 ]; then
    echo "the lab needs root, for containers with a network of their own; on your own hosts, make run INVENTORY=... does not" >&2
    exit 1
fi
exec "$(dirname "$0")/apt.sh" podman runc netavark aardvark-dns iptables catatonit mmdebstrap openssh-client iproute2
