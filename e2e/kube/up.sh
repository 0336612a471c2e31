#!/usr/bin/env bash
# Starts the cluster: up.sh [IMAGE_ARCHIVE...]. Every image is loaded on every node. About ten seconds.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
source "$kit/processes.sh"
source "$kit/credentials.sh"
source "$kit/control-plane.sh"
source "$kit/network.sh"
source "$kit/node-files.sh"
source "$kit/machine-settings.sh"

images=("$bin/pause.tar")
for image in "$@"; do
  # In the namespaces of a node the current folder is another one.
  images+=("$(realpath --canonicalize-existing "$image")")
done

[ ! -e "$run/cluster" ] || fail "a cluster is up, or was left behind, in $run; take it down with $kit/down.sh"
[ ! -e "/run/netns/$name" ] ||
  fail "there is a cluster named $name of another folder; set E2E_NAME, and E2E_NET (as 10.78), for a second one"
mkdir -p "$logs" "$pids"
# down.sh removes a folder with this mark, and no other.
echo "$name" > "$run/cluster"
chmod 755 "$run"

note_machine_settings
make_network
make_credentials

loaders=()
for ((i = 1; i <= node_count; i++)); do
  ("$kit/node.sh" boot "$i" && "$kit/node.sh" load "$i" "${images[@]}") &
  loaders+=($!)
done
start_control_plane
for loader in "${loaders[@]}"; do
  wait "$loader" || fail "a node did not boot or did not take its images; the logs are in $logs"
done
say "the nodes have their images"

for ((i = 1; i <= node_count; i++)); do
  "$kit/node.sh" join "$i"
done
# Services have to work for tests too. It goes by the name of the first node, since it wants that of one.
write_proxy_settings "$run/kube-proxy-0.yaml" "$name-n1" "$control_ip"
start kube-proxy-0 nsenter --net="/run/netns/$name" -- kube-proxy --config "$run/kube-proxy-0.yaml"

nodes_ready() { [ "$(control_kubectl get nodes --no-headers | grep -cw Ready)" = "$node_count" ]; }
wait_for 120 "$node_count nodes to be ready" nodes_ready
say "$node_count nodes are ready; $kit/in-cluster.sh COMMAND runs a command where they are reached"
