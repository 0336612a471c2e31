#!/usr/bin/env bash
# One node of the cluster, N from 1:
#   node.sh boot N                its namespaces, cgroups and containerd
#   node.sh load N ARCHIVE...     images
#   node.sh join N                kubelet and kube-proxy
#   node.sh crash N               all that runs on it ends at once, as if the power went; boot and join bring it back
#   node.sh exec N COMMAND...     in its namespaces
set -euo pipefail
source "$(dirname "$0")/settings.sh"
source "$kit/processes.sh"
source "$kit/cgroups.sh"
source "$kit/node-files.sh"

verb=$1
number=$2
shift 2
node=$name-n$number
folder=$run/$node

first_process() { live_pid "$folder/init.pid" || fail "node $node does not run"; }
in_node() { nsenter --target "$(first_process)" --mount --pid --net -- "$@"; }
containerd_answers() { in_node ctr version; }

boot() {
  local launcher
  mkdir -p "$folder"/{kubelet,containerd,containerd-run,cni-state,pod-logs,container-logs,netns}
  # Places of the machine that the node gets its own folders at; they stay empty there.
  mkdir -p /var/lib/kubelet /var/lib/containerd /run/containerd /var/lib/cni /var/log/pods /var/log/containers /run/netns
  make_node_group "$node"
  write_containerd_settings "$folder"
  write_pod_network "$folder" "$number"
  rm -f "$folder/init.pid" "$folder/booted"
  # The first process of a PID namespace takes all others with it when it is killed: containerd, kubelet and pods.
  # shellcheck disable=SC2016 # for the inner shell
  setsid nsenter --net="/run/netns/$node" -- \
    unshare --mount --propagation private --pid --fork --mount-proc --kill-child sh -ec '
      mount --bind "$1/kubelet" /var/lib/kubelet
      mount --bind "$1/containerd" /var/lib/containerd
      mount --bind "$1/containerd-run" /run/containerd
      mount --bind "$1/cni-state" /var/lib/cni
      mount --bind "$1/pod-logs" /var/log/pods
      mount --bind "$1/container-logs" /var/log/containers
      mount --bind "$1/netns" /run/netns
      mount --make-rshared /
      : > "$1/booted"
      exec "$2"' sh "$folder" "$bin/pause" > "$logs/init-$number.log" 2>&1 < /dev/null &
  launcher=$!
  wait_for 20 "node $node to boot" test -e "$folder/booted"
  wait_for 5 "the first process of node $node" pgrep -P "$launcher"
  note_pid "$folder/init.pid" "$(pgrep -P "$launcher")"
  start "containerd-$number" nsenter --target "$(first_process)" --mount --pid --net -- \
    containerd --config "$folder/containerd.toml"
  wait_for 60 "containerd of node $node" containerd_answers
}

load() {
  local archive
  for archive in "$@"; do
    in_node ctr --namespace k8s.io images import "$archive" >> "$logs/images-$number.log" 2>&1 ||
      fail "node $node does not take the image $archive; see $logs/images-$number.log"
  done
}

join() {
  write_kubelet_settings "$folder" "$number"
  write_proxy_settings "$folder/kube-proxy.yaml" "$node" "$(node_ip "$number")"
  start "kubelet-$number" nsenter --target "$(first_process)" --mount --pid --net -- \
    kubelet --config "$folder/kubelet.yaml" --kubeconfig "$credentials/kubelet-$number.kubeconfig" \
    --root-dir /var/lib/kubelet --cert-dir "$folder/kubelet/pki" \
    --hostname-override "$node" --node-ip "$(node_ip "$number")" \
    --node-labels "topology.kubernetes.io/zone=zone-$number"
  start "kube-proxy-$number" nsenter --target "$(first_process)" --mount --pid --net -- \
    kube-proxy --config "$folder/kube-proxy.yaml"
}

crash() {
  local pid process
  # Killed already is well, too.
  ! pid=$(live_pid "$folder/init.pid") || kill -KILL "$pid" 2> /dev/null || true
  # An nsenter stops itself when its child is stopped, and would then keep the namespace.
  for process in containerd kubelet kube-proxy; do
    ! pid=$(live_pid "$pids/$process-$number.pid") || { kill -KILL "$pid" && kill -CONT "$pid"; } 2> /dev/null || true
    rm -f "$pids/$process-$number.pid"
  done
  while live_pid "$folder/init.pid" > /dev/null; do sleep 0.05; done
  rm -f "$folder/init.pid"
}

case $verb in
  boot) boot ;;
  load) load "$@" ;;
  join) join ;;
  crash) crash ;;
  exec) in_node "$@" ;;
  *) fail "node.sh boot|load|join|crash|exec N" ;;
esac
