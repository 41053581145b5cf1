#!/bin/sh
# The first program of the cluster's node, in namespaces of its own (see _node.ts): arranges them, and is then the parent of whoever has lost its own.
# Nothing here reaches the machine: mounts, network, addresses and rules end with the namespaces.
set -eu
directory=$1 node_ip=$2 services=$3

mount --make-rshared /
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/lock
# Where Kubernetes writes whatever it is told: device plugins, CNI's results, links to logs.
for path in lib log; do
  mkdir -p "$directory/var/$path" "$directory/var/$path.work"
  mount -t overlay overlay -o "lowerdir=/var/$path,upperdir=$directory/var/$path,workdir=$directory/var/$path.work" "/var/$path"
done

# Settings of the kernel that have no namespace, and that a kubelet changes: it finds files that have what it wants already.
sysctl() {
  mkdir -p "$directory/sysctl"
  echo "$2" > "$directory/sysctl/$(basename "$1")"
  mount --bind "$directory/sysctl/$(basename "$1")" "/proc/sys/$1"
}
sysctl vm/overcommit_memory 1
sysctl vm/panic_on_oom 0
sysctl kernel/panic 10
sysctl kernel/panic_on_oops 1

# An empty bridge instead of a dummy device, which not every kernel has. What is sent to a Service that nobody serves comes back at once.
ip link set lo up
ip link add node0 type bridge
ip addr add "$node_ip/32" dev node0
ip link set node0 up
ip route add unreachable "$services"
echo 1 > /proc/sys/net/ipv4/ip_forward

touch "$directory/arranged"
exec catatonit -P
