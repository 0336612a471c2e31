#!/usr/bin/env bash
# Builds all that the cluster runs into the cache, and Helm: about six minutes of two idle cores, once. It does nothing
# when neither the sources nor this file have changed since.
set -euo pipefail
source "$(dirname "$0")/settings.sh"
source "$kit/go-toolchain.sh"

helm_release=v3.18.4
kubernetes_commands="etcd kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubectl kubelet provisioner"

sources_hash() {
  (cd "$kit" && cat build-binaries.sh kubernetes/*.go kubernetes/go.* dns/*.go dns/go.* pause/*.go pause/go.mod) |
    sha256sum | cut -d ' ' -f 1
}

build_kubernetes() {
  local release minor flags package=k8s.io/component-base/version command
  release=$(sed -n 's|^require k8s.io/kubernetes v||p' "$kit/kubernetes/go.mod")
  minor=$(echo "$release" | cut -d . -f 2)
  # Without these it takes itself for v0.0.0-master, and features for those of no release.
  flags="-s -w -X $package.gitVersion=v$release -X $package.gitMajor=1 -X $package.gitMinor=$minor"
  flags="$flags -X $package.gitTreeState=clean -X $package.gitCommit=$(printf '0%.0s' {1..40})"
  flags="$flags -X $package.buildDate=1970-01-01T00:00:00Z"
  (cd "$kit/kubernetes" && "$go" build -trimpath -ldflags "$flags" -o "$bin/kubernetes" .)
  for command in $kubernetes_commands; do
    ln -sf kubernetes "$bin/$command"
  done
}

build_helm() {
  local package=helm.sh/helm/v3 flags folder
  flags="-s -w -X $package/internal/version.version=$helm_release"
  # What it takes a cluster for that it has not asked yet; without this it is Kubernetes 1.20.
  for folder in chartutil lint/rules; do
    flags="$flags -X $package/pkg/$folder.k8sVersionMajor=1 -X $package/pkg/$folder.k8sVersionMinor=33"
  done
  GOBIN=$bin "$go" install -trimpath -ldflags "$flags" "$package/cmd/helm@$helm_release"
}

build_pause_image() {
  local root
  root=$(mktemp -d)
  chmod 755 "$root"
  cp "$bin/pause" "$root/pause"
  sh "$kit/mkimage.sh" "$bin/pause.tar" e2e.invalid/pause:1 "$root" '["/pause"]' / 65535:65535
  rm -rf "$root"
}

mkdir -p "$bin"
# Two builds at once would write over each other.
exec 9> "$bin/lock"
flock 9
if [ "$(cat "$bin/stamp" 2> /dev/null)" = "$(sources_hash)" ]; then
  say "the programs of the cluster are built"
  exit 0
fi
need_go
rm -f "$bin/stamp"
# The compiler would spend a tenth of its time on collecting garbage; memory is not short.
export CGO_ENABLED=0 GOGC=${GOGC:-400}
say "building the programs of the cluster with $("$go" version); this takes minutes when it was never done here"
build_kubernetes
say "Kubernetes is built"
(cd "$kit/dns" && "$go" build -trimpath -ldflags '-s -w' -o "$bin/cluster-dns" .)
(cd "$kit/pause" && "$go" build -trimpath -ldflags '-s -w' -o "$bin/pause" .)
build_pause_image
build_helm
sources_hash > "$bin/stamp"
say "all programs are built, in $bin"
