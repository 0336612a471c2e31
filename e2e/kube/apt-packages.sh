# shellcheck shell=bash disable=SC2154
# Sourced after settings.sh: the Debian packages of apt-packages.txt. What is there already, by whatever way it came,
# is not installed: a program is looked for by its name and not by its package.

package_is_there() {
  case $1 in
    containerd) command -v containerd && command -v ctr ;;
    runc) command -v runc ;;
    containernetworking-plugins) find_cni ;;
    nftables) command -v nft ;;
    conntrack) command -v conntrack ;;
    iproute2) command -v ip ;;
    procps) command -v pgrep && command -v pkill ;;
    openssl) command -v openssl ;;
    *) fail "package_is_there does not know how to tell that $1 is there" ;;
  esac > /dev/null
}

missing_packages() {
  local package
  while read -r package _; do
    case $package in '' | '#'*) continue ;; esac
    package_is_there "$package" || echo "$package"
  done < "$kit/apt-packages.txt"
}

# With no lists of packages yet nothing can be said before `apt-get update`, so it is believed.
can_be_installed() {
  command -v apt-get > /dev/null || return 1
  [ -n "$(find /var/lib/apt/lists -name '*_Packages*' -print -quit 2> /dev/null)" ] || return 0
  apt-cache show --no-all-versions "$1" > /dev/null 2>&1
}

install_packages() {
  local packages
  packages=$(missing_packages)
  find_go > /dev/null || [ -f "$bin/stamp" ] || packages="$packages golang-go"
  packages=$(tr '\n' ' ' <<< "$packages")
  [ -n "${packages// /}" ] || return 0
  say "installing the Debian packages $packages"
  apt-get update -qq
  # shellcheck disable=SC2086 # a list of names
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get install --yes -qq --no-install-recommends $packages > /dev/null
}
