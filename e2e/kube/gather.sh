#!/usr/bin/env bash
# Copies what tells why something failed into a folder: gather.sh FOLDER. Secrets are left out.
set -uo pipefail
source "$(dirname "$0")/settings.sh"

folder=$1
mkdir -p "$folder"
cp -r "$logs" "$folder/cluster" 2> /dev/null
for ((i = 1; i <= node_count; i++)); do
  cp -rL "$run/$name-n$i/pod-logs" "$folder/pods-of-node-$i" 2> /dev/null
done
[ -e "$run/cluster" ] || exit 0

show() { # FILE KUBECTL_ARGUMENTS...
  local file=$1
  shift
  nsenter --net="/run/netns/$name" -- timeout 20 kubectl --kubeconfig "$kubeconfig" "$@" > "$folder/$file" 2>&1
}
show events.txt get events --all-namespaces --sort-by=.metadata.creationTimestamp
show objects.txt get nodes,statefulsets,deployments,pods,services,persistentvolumeclaims,poddisruptionbudgets,leases --all-namespaces --output wide
show pods.txt describe pods --all-namespaces
show qdrantclusters.yaml get qdrantclusters --all-namespaces --output yaml
exit 0
