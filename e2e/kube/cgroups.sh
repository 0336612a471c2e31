# shellcheck shell=bash disable=SC2154
# Sourced after settings.sh: the root that each node's cgroups are under, in every hierarchy that there is.

cgroup_mount=${E2E_CGROUP_MOUNT:-/sys/fs/cgroup} # another one only for the tests of this file

# Version 2 is one hierarchy for all controllers. Before it each had its own (and a hybrid has a v2 without any).
cgroups_are_v2() { [ -f "$cgroup_mount/cgroup.controllers" ]; }

# Hands every controller of a group on to its children. Some can be refused (cpu while there are real-time tasks):
# the check of what is needed comes after.
delegate_controllers() { # GROUP
  local controller
  tr ' ' '\n' < "$1/cgroup.controllers" | while read -r controller; do
    echo "+$controller" 2> /dev/null > "$1/cgroup.subtree_control" || true
  done
}

# A group other than the machine's root one can't have processes and hand controllers on. In a container ours is such
# a group, though it looks like the root: its processes go one level down first.
empty_own_group() {
  local pid
  [ -f "$cgroup_mount/cgroup.type" ] || return 0 # only the true root has none
  mkdir -p "$cgroup_mount/$name-others"
  while read -r pid; do
    echo "$pid" 2> /dev/null > "$cgroup_mount/$name-others/cgroup.procs" || true # it ended, or can't be moved
  done < "$cgroup_mount/cgroup.procs"
}

missing_controllers() { # GROUP; prints those that kubelets need
  local controller
  for controller in cpu cpuset memory pids; do
    grep -qw "$controller" "$1/cgroup.controllers" || echo "$controller"
  done
}

make_node_group() { # NODE
  local hierarchy group missing
  if cgroups_are_v2; then
    group=$cgroup_mount/$1
    empty_own_group
    delegate_controllers "$cgroup_mount"
    mkdir -p "$group"
    # The kubelet wants all that there are in the group it gets; what it makes below hands them on by itself.
    delegate_controllers "$group"
    missing=$(missing_controllers "$group" | tr '\n' ' ')
    [ -z "$missing" ] || fail "the cgroup of node $1 does not get: $missing"
    return
  fi
  for hierarchy in "$cgroup_mount"/*/; do
    hierarchy=${hierarchy%/}
    [ "${hierarchy##*/}" != unified ] || continue
    mkdir -p "$hierarchy/$1"
    # A new cpuset is empty, and nothing can run in it until it has processors and memory.
    if [ -f "$hierarchy/cpuset.cpus" ]; then
      cat "$hierarchy/cpuset.cpus" > "$hierarchy/$1/cpuset.cpus"
      cat "$hierarchy/cpuset.mems" > "$hierarchy/$1/cpuset.mems"
    fi
  done
}

remove_node_group() { # NODE
  local hierarchy
  for hierarchy in "$cgroup_mount" "$cgroup_mount"/*/; do
    [ ! -d "${hierarchy%/}/$1" ] || find "${hierarchy%/}/$1" -depth -type d -exec rmdir {} \; 2> /dev/null || true
  done
}
