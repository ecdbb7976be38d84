"""Load for an emulated machine, as a script of its shell: `sh -s SECONDS BYTES`."""

# Bursts that collapse the queue, from a network namespace of their own over a veth pair. BYTES is the maximum of tcp_rmem.
COLLAPSING = """
set -e
ip netns add peer 2>/dev/null && {
    ip link add to_peer type veth peer name to_host netns peer
    ip address add 10.99.0.1/24 dev to_peer; ip link set to_peer up
    ip -n peer address add 10.99.0.2/24 dev to_host; ip -n peer link set to_host up gso_max_segs 2
}
sysctl -qw net.ipv4.tcp_rmem="4096 131072 $2"
cd /opt/traffic
set -- --seconds $1 --messages $(($2 / 880)) --upload-bytes 1048576
python3 bursts.py receive "$@" & receiver=$!
ip netns exec peer python3 bursts.py send --peer 10.99.0.1 --period 2 "$@"
wait $receiver
"""
