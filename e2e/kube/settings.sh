# shellcheck shell=bash disable=SC2034
# Sourced: where things are kept, and the addresses of the cluster. Another cluster can run beside the first with other
# values of E2E_NAME, E2E_NET and E2E_RUN.
kit=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/qdrant-operator-e2e
bin=${E2E_BIN:-$cache/bin}       # programs that were built; worth keeping
run=${E2E_RUN:-$cache/run}       # state of the cluster; gone when it is taken down
name=${E2E_NAME:-qdrant-e2e}     # of the network namespace and the cgroups; nodes are <name>-n1 and so on
node_count=${E2E_NODES:-3}
net=${E2E_NET:-10.77}            # the first half of all addresses
logs=$run/log
pids=$run/pids
credentials=$run/credentials
kubeconfig=$run/kubeconfig
export PATH=$bin:$PATH:/usr/sbin:/sbin

control_ip=$net.64.1             # of the bridge between the nodes; API server and names
api_port=6443
pod_range=$net.0.0/18            # node i has .i.0/24 of it
service_range=$net.128.0/17
api_service_ip=$net.128.1        # the first of the range is the API server's
node_ip() { echo "$net.64.$((10 + $1))"; }
pod_range_of() { echo "$net.$1.0/24"; }

# Where Debian and others put the plugins of the pods' network.
find_cni() {
  local folder
  for folder in ${CNI_BIN:+"$CNI_BIN"} /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
    [ -x "$folder/bridge" ] && echo "$folder" && return
  done
  return 1
}

fail() {
  echo "e2e: $*" >&2
  exit 1
}

started_ms=$(date +%s%3N)
say() { printf 'e2e: [%6d ms] %s\n' $(($(date +%s%3N) - started_ms)) "$*" >&2; }
