# shellcheck shell=bash disable=SC2154
# Sourced after settings.sh: a bridge in a network namespace of its own, a namespace for each node, and no way out.
#
#   <name>        br0, where the control plane and the tests are
#   <name>-n<i>   eth0 on that bridge; its pods are behind cni0, which the CNI plugin makes

make_network() {
  local i j node
  ip netns add "$name"
  ip -n "$name" link set lo up
  ip -n "$name" link add br0 type bridge
  ip -n "$name" addr add "$control_ip/24" dev br0
  ip -n "$name" link set br0 up
  # An address of a Service has to have a route, any, before kube-proxy gets to rewrite it.
  ip -n "$name" route add "$service_range" dev br0
  nsenter --net="/run/netns/$name" -- sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
  for ((i = 1; i <= node_count; i++)); do
    node=$name-n$i
    ip netns add "$node"
    ip -n "$name" link add "n$i" type veth peer name eth0 netns "$node"
    ip -n "$name" link set "n$i" master br0 up
    ip -n "$node" link set lo up
    ip -n "$node" addr add "$(node_ip "$i")/24" dev eth0
    ip -n "$node" link set eth0 up
    ip -n "$node" route add default via "$control_ip"
    ip -n "$name" route add "$(pod_range_of "$i")" via "$(node_ip "$i")"
    # What one pod sends to another on its node crosses only a bridge, and kube-proxy has to see it there too.
    nsenter --net="/run/netns/$node" -- sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward
      [ ! -f /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables'
  done
  for ((i = 1; i <= node_count; i++)); do
    for ((j = 1; j <= node_count; j++)); do
      [ "$i" = "$j" ] || ip -n "$name-n$i" route add "$(pod_range_of "$j")" via "$(node_ip "$j")"
    done
  done
}

remove_network() {
  local i
  for ((i = 1; i <= node_count; i++)); do
    ip netns del "$name-n$i" 2> /dev/null || true
  done
  ip netns del "$name" 2> /dev/null || true
}
