#!/usr/bin/env bash
# Takes the cluster down, whole or half up, and puts the machine's settings back: down.sh [--keep], which keeps the
# state (logs, volumes).
set -uo pipefail
source "$(dirname "$0")/settings.sh"
source "$kit/processes.sh"
source "$kit/control-plane.sh"
source "$kit/network.sh"
source "$kit/cgroups.sh"
source "$kit/machine-settings.sh"

[ -e "$run/cluster" ] || { say "no cluster is up in $run" && exit 0; }
for ((i = 1; i <= node_count; i++)); do
  "$kit/node.sh" crash "$i"
done
stop_control_plane
remove_network
for ((i = 1; i <= node_count; i++)); do
  remove_node_group "$name-n$i"
done
restore_machine_settings
rm -f "$run/cluster"
[ "${1-}" = --keep ] || rm -rf "$run"
say "the cluster is down"
