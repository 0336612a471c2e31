#!/usr/bin/env bash
# Runs a command where pods, Services and their names are reached, with the rights of the cluster's administrator:
#   in-cluster.sh kubectl get pods
# Unlike `ip netns exec` it leaves /sys as it is, so that a command can bring back a node that crashed.
set -euo pipefail
source "$(dirname "$0")/settings.sh"

[ -e "/run/netns/$name" ] || fail "no cluster is up; see $kit/up.sh"
export KUBECONFIG=$kubeconfig
printf 'search svc.cluster.local cluster.local\nnameserver %s\noptions ndots:5\n' "$control_ip" > "$run/resolv.conf"
# shellcheck disable=SC2016 # for the inner shell
exec nsenter --net="/run/netns/$name" -- unshare --mount --propagation private \
  sh -ec 'mount --bind "$0" /etc/resolv.conf; exec "$@"' "$run/resolv.conf" "$@"
