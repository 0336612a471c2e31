#!/usr/bin/env bash
# Installs what the build needs: Debian packages through apt, npm packages from the lockfile.
# After it and setup-python-client.sh have run once, nothing else in this repository needs the network.
#   scripts/setup.sh            install
#   scripts/setup.sh --dry-run  print what would be installed, and change nothing
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "setup: $*" >&2
  exit 1
}

dry_run=false
case "${1:-}" in
  '') ;;
  --dry-run) dry_run=true ;;
  *) fail "unknown argument '$1'; it takes --dry-run or nothing." ;;
esac

check_system() {
  [ "$(uname -s)" = Linux ] || fail "this builds on Linux only; on $(uname -s) use a Debian 12 or Ubuntu container or virtual machine."
  command -v dpkg-query > /dev/null && command -v apt-get > /dev/null ||
    fail "this installs Debian packages with apt-get, which is not here; use Debian 12 or Ubuntu (a container will do), or install the packages named in scripts/apt-packages.txt by hand."
}

check_node() {
  local wanted="20.19 or later of line 20, 22.13 or later of line 22, or 24 or later"
  command -v node > /dev/null || fail "Node.js is not installed; install $wanted."
  node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit((major === 20 && minor >= 19) || (major === 22 && minor >= 13) || major >= 24 ? 0 : 1);
  ' || fail "Node.js $(node --version) is not supported; install $wanted."
  command -v npm > /dev/null || fail "npm is not installed beside Node.js $(node --version); install it."
}

# npm run as root in a user's checkout would leave files there that the user cannot change.
refuse_sudo_make() {
  if [ "$(id -u)" = 0 ] && [ "${SUDO_UID:-0}" != 0 ] && [ "$(stat -c %u .)" = "${SUDO_UID:-0}" ]; then
    fail "run this without sudo: it asks for sudo itself where it needs it, and npm must not run as root in your folder."
  fi
}

missing_packages() {
  local name
  while read -r name _; do
    case "$name" in '' | '#'*) continue ;; esac
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2> /dev/null)" = installed ] || echo "$name"
  done < scripts/apt-packages.txt
}

agree() {
  { [ -t 0 ] && [ "${CI:-}" != true ]; } || return 0
  local answer
  read -r -p "Install them now? [Y/n] " answer
  case "$answer" in
    '' | y | Y | yes | Yes) ;;
    *) fail "nothing was installed." ;;
  esac
}

install_packages() {
  local packages
  packages=$(missing_packages | tr '\n' ' ')
  packages=${packages% }
  [ -n "$packages" ] || return 0
  local install="apt-get install --yes --no-remove --no-install-recommends $packages"
  echo "Debian packages that are missing: $packages"
  if $dry_run; then
    echo "Would run: $install"
    return 0
  fi
  local as_root=""
  if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo > /dev/null || { [ ! -t 0 ] && ! sudo -n true 2> /dev/null; }; then
      fail "root is needed to install them. Run this as root, then 'make setup' again:
  apt-get update && $install"
    fi
    as_root=sudo
  fi
  agree
  # NEEDRESTART_SUSPEND keeps Ubuntu's hook from restarting services; none of the packages brings one.
  local environment="DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1"
  $as_root env $environment apt-get update
  $as_root env $environment $install
}

install_modules() {
  if $dry_run; then
    echo "Would run: npm ci --ignore-scripts"
    return 0
  fi
  echo "Installing npm packages from package-lock.json"
  # No package that we use needs its install script, and npm would run node-gyp on the workspace by itself.
  npm ci --ignore-scripts --no-audit --no-fund
}

check_system
check_node
refuse_sudo_make
install_packages
install_modules
