#!/usr/bin/env bash
# Faults for tests. POD is a name in $NAMESPACE, N the number of a node.
#   fault.sh kill POD [SIGNAL]      to the process of the pod's first container, KILL if none is named
#   fault.sh freeze | thaw POD      all processes of that container
#   fault.sh isolate POD            nothing but its own node reaches it: probes still pass
#   fault.sh block POD ADDRESS      nothing to and from one address
#   fault.sh heal POD               takes isolate and block back
#   fault.sh cut-node N | heal-node N
#   fault.sh stop-kubelet N | continue-kubelet N
#   fault.sh crash-node N | start-node N
set -euo pipefail
source "$(dirname "$0")/settings.sh"
source "$kit/processes.sh"
source "$kit/control-plane.sh"

verb=$1
target=$2

find_container() { # sets number, container and pid, the latter as the node counts
  local where
  where=$(control_kubectl --namespace "${NAMESPACE:-default}" get pod "$target" \
    -o 'jsonpath={.spec.nodeName} {.status.containerStatuses[0].containerID}')
  number=${where%% *}
  number=${number#"$name-n"}
  container=${where##*containerd://}
  pid=$("$kit/node.sh" exec "$number" ctr --namespace k8s.io task list | awk -v wanted="$container" '$1 == wanted { print $2 }')
  [ -n "$pid" ] || fail "pod $target has no container that runs"
}

drop() { # RULE_FOR_INPUT RULE_FOR_OUTPUT; in the network of the pod
  "$kit/node.sh" exec "$number" nsenter --target "$pid" --net -- nft "add table inet fault
    add chain inet fault input { type filter hook input priority -300; }
    add chain inet fault output { type filter hook output priority -300; }
    add rule inet fault input $1 drop
    add rule inet fault output $2 drop"
}

signal_kubelet() { # SIGNAL; what was started is nsenter, the kubelet is its child
  pkill "-$1" -P "$(live_pid "$pids/kubelet-$target.pid")"
}

case $verb in
  kill)
    find_container
    "$kit/node.sh" exec "$number" kill "-${3:-KILL}" "$pid"
    ;;
  freeze)
    find_container
    "$kit/node.sh" exec "$number" ctr --namespace k8s.io task pause "$container"
    ;;
  thaw)
    find_container
    "$kit/node.sh" exec "$number" ctr --namespace k8s.io task resume "$container"
    ;;
  isolate)
    find_container
    drop "iifname eth0 ip saddr != $net.$number.1" "oifname eth0 ip daddr != $net.$number.1"
    ;;
  block)
    find_container
    drop "ip saddr $3" "ip daddr $3"
    ;;
  heal)
    find_container
    "$kit/node.sh" exec "$number" nsenter --target "$pid" --net -- nft delete table inet fault
    ;;
  cut-node) ip -n "$name" link set "n$target" down ;;
  heal-node) ip -n "$name" link set "n$target" up ;;
  stop-kubelet) signal_kubelet STOP ;;
  continue-kubelet)
    signal_kubelet CONT
    kill -CONT "$(live_pid "$pids/kubelet-$target.pid")"
    ;;
  crash-node) "$kit/node.sh" crash "$target" ;;
  start-node)
    "$kit/node.sh" boot "$target"
    "$kit/node.sh" join "$target"
    ;;
  *) fail "there is no fault named $verb" ;;
esac
