#!/usr/bin/env bash
# Names all that keeps the cluster from running on this machine, one a line, before anything is installed or built:
# preflight.sh. It ends with 1 if there is something, and takes about a second.
set -uo pipefail
source "$(dirname "$0")/settings.sh"
source "$kit/go-toolchain.sh"
source "$kit/cgroups.sh"
source "$kit/apt-packages.sh"

disk_needed_mb=6144   # with the caches of the Go build
disk_needed_built_mb=2048
memory_needed_mb=4096

problems=()
missing() { problems+=("$*"); }

check_machine() {
  [ "$(uname -s)" = Linux ] || missing "Linux: this is $(uname -s)"
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) missing "a processor of x86_64 or aarch64: this is $(uname -m)" ;;
  esac
  [ "$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)" -ge "$memory_needed_mb" ] ||
    missing "$memory_needed_mb MB of free memory"
}

check_disk() {
  local needed=$disk_needed_mb folder=$bin
  [ ! -f "$bin/stamp" ] || needed=$disk_needed_built_mb
  while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
  [ "$(df -Pm "$folder" | awk 'NR == 2 { print $4 }')" -ge "$needed" ] ||
    missing "$needed MB of free disk under $folder (another place: set XDG_CACHE_HOME)"
}

check_namespaces() {
  if ! unshare --mount --net --pid --fork true 2> /dev/null; then
    missing "the right to make mount, network and PID namespaces (in a container: run it with --privileged)"
    return
  fi
  ! command -v ip > /dev/null || unshare --net sh -c 'ip link add br0 type bridge && ip link add veth0 type veth peer name veth1' 2> /dev/null ||
    missing "bridges and veth pairs in the kernel (modules bridge and veth)"
  ! command -v nft > /dev/null || unshare --net nft add table inet t 2> /dev/null ||
    missing "nftables in the kernel (module nf_tables)"
}

check_cgroups() {
  local controller
  if cgroups_are_v2; then
    # Every controller that a kubelet needs, and the right to hand them on.
    for controller in $(missing_controllers "$cgroup_mount"); do
      missing "the controller $controller of cgroup v2 in $cgroup_mount"
    done
    if mkdir "$cgroup_mount/$name-try" 2> /dev/null; then
      rmdir "$cgroup_mount/$name-try"
    else
      missing "the right to make cgroups in $cgroup_mount (in a container: --privileged --cgroupns=private)"
    fi
    return
  fi
  for controller in cpu cpuset memory pids; do
    if mkdir "$cgroup_mount/$controller/$name-try" 2> /dev/null; then
      rmdir "$cgroup_mount/$controller/$name-try"
    else
      missing "a cgroup hierarchy of $controller that can be written to at $cgroup_mount/$controller"
    fi
  done
}

check_programs() {
  local packages
  command -v node > /dev/null || missing "Node.js"
  command -v flock > /dev/null || missing "flock (package util-linux)"
  packages=$(missing_packages)
  [ -f "$bin/stamp" ] || [ -n "$(find_go)" ] || packages="$packages golang-go"
  for package in $packages; do
    can_be_installed "$package" || missing "the Debian package $package, which can't be installed here"
  done
}

check_machine
check_disk
check_programs
if [ "$(id -u)" = 0 ]; then
  check_namespaces
  check_cgroups
else
  missing "root: run it as root, or with sudo --preserve-env"
fi
for problem in ${problems[@]+"${problems[@]}"}; do
  echo "e2e: missing: $problem"
done
[ "${#problems[@]}" = 0 ]
