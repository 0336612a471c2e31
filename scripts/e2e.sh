#!/usr/bin/env bash
# Tests the operator on a real Kubernetes, which it starts on this machine and takes down again (e2e/kube/README.md).
#   scripts/e2e.sh [TEST_FILE...]   all scenarios of e2e/kubernetes, or those of some files
#   scripts/e2e.sh --prepare        only what needs the network and much of the processor: packages and programs
# SMOKE=1 runs create, scale and kill a pod only; KEEP=1 leaves the cluster up.
set -euo pipefail
cd "$(dirname "$0")/.."
kit=$PWD/e2e/kube
source "$kit/settings.sh"
source "$kit/go-toolchain.sh"
source "$kit/apt-packages.sh"

smoke=${SMOKE:-}
keep=${KEEP:-}
version=$(node -p 'require("./package.json").version')
release=qdrant-operator
release_namespace=qdrant-operator-system
report=$PWD/build/e2e/$name

check_machine() {
  local problems
  if problems=$("$kit/preflight.sh"); then return; fi
  echo "$problems"
  # A machine of CI may be a container without rights; that it did not run must be seen, and fails nothing else.
  if [ -n "$smoke" ] && [ "${CI:-}" = true ]; then
    echo "e2e: skipped: create, scale and kill a pod on Kubernetes were not run, for want of what is named above."
    exit 0
  fi
  echo "e2e: nothing was run."
  exit 1
}

prepare() {
  install_packages
  nice "$kit/build-binaries.sh"
}

install_chart() {
  # Two replicas in the chart would only halve what the machine has for the tests.
  "$kit/in-cluster.sh" helm upgrade --install "$release" charts/qdrant-operator --wait --timeout 120s \
    --namespace "$release_namespace" --create-namespace \
    --set image.repository=vdb.local/qdrant-operator --set image.tag="$version" --set image.pullPolicy=Never \
    --set nodeImage.repository=vdb.local/qdrant --set watch.allNamespaces=true --set replicas=1 > "$report/helm.log" 8>&-
  say "the chart is installed"
}

run_tests() {
  local files=("$@")
  [ -z "$smoke" ] || files=(e2e/kubernetes/smoke.test.ts)
  # shellcheck disable=SC2086 # VITEST_FLAGS is a list
  E2E_REPORT=$report E2E_VERSION=$version E2E_RELEASE_NAMESPACE=$release_namespace E2E_RELEASE=$release \
    "$kit/in-cluster.sh" node_modules/.bin/vitest run --config e2e/kubernetes/vitest.config.ts ${VITEST_FLAGS:-} \
    ${files[@]+"${files[@]}"} 8>&-
}

finish() {
  local status=$?
  trap - EXIT INT TERM
  if [ "$status" != 0 ]; then
    "$kit/gather.sh" "$report"
    echo "e2e: failed; logs, events and objects are in $report"
  fi
  [ ! -f "$report/measurements.txt" ] || cat "$report/measurements.txt"
  if [ -n "$keep" ]; then
    echo "e2e: the cluster is left up; $kit/in-cluster.sh kubectl get pods -A, and $kit/down.sh at the end"
  else
    "$kit/down.sh"
  fi
  exit "$status"
}

check_machine
prepare
[ "${1-}" != --prepare ] || exit 0

# Two runs would take down each other's cluster. What is started below must not hold the lock for longer than this.
mkdir -p "$cache"
exec 8> "$cache/lock-of-$name"
flock --nonblock 8 ||
  fail "another run uses the cluster $name; wait for it, or set E2E_NAME, E2E_NET (as 10.78) and E2E_RUN"

rm -rf "$report"
mkdir -p "$report"
sh scripts/make-images.sh build/images
# One that was left up, or behind, by a run before.
"$kit/down.sh" 8>&-
trap finish EXIT
trap 'exit 130' INT TERM
"$kit/up.sh" "$PWD/build/images/qdrant-$version.tar" "$PWD/build/images/qdrant-operator-$version.tar" 8>&-
install_chart
run_tests "$@"
[ -z "$smoke" ] || echo "e2e: only create, scale and kill a pod were run; make e2e runs all scenarios."
