# shellcheck shell=bash disable=SC2154
# Sourced after settings.sh: kubelets set some values of the kernel for the whole machine. They are noted before, and
# put back after.

kubelet_sysctls="kernel/keys/root_maxbytes kernel/keys/root_maxkeys kernel/panic kernel/panic_on_oops vm/overcommit_memory vm/panic_on_oom"

note_machine_settings() {
  local setting
  mkdir -p "$run/sysctl"
  for setting in $kubelet_sysctls; do
    cat "/proc/sys/$setting" > "$run/sysctl/${setting//\//.}" 2> /dev/null || true
  done
}

restore_machine_settings() {
  local setting
  for setting in $kubelet_sysctls; do
    [ ! -s "$run/sysctl/${setting//\//.}" ] ||
      cat "$run/sysctl/${setting//\//.}" 2> /dev/null > "/proc/sys/$setting" || true
  done
}
