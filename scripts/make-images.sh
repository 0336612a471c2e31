#!/bin/sh
# Assembles the images of the node and of the operator without a container engine or a registry: archives for
# `docker load` or `ctr images import`, from the programs and libraries of this machine and what was built here.
#   scripts/make-images.sh [FOLDER]      (build/images)
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/images}
version=$(node -p 'require("./package.json").version')
node_image=${IMAGE_NAME:-vdb.local/qdrant:$version}
operator_image=${OPERATOR_IMAGE_NAME:-vdb.local/qdrant-operator:$version}
node_program=$(node -p process.execPath)=/usr/local/bin/node

mkdir -p "$folder"
root=$(mktemp -d "$folder/root.XXXXXX")
trap 'rm -rf "$root"' EXIT

# Everything belongs to root, and nobody else may change it.
seal() {
  printf 'root:x:0:0:root:/root:/bin/sh\n%s:x:1000:1000:%s:%s:/bin/sh\n' "$2" "$2" "$3" > "$1/etc/passwd"
  printf 'root:x:0:\n%s:x:1000:\n' "$2" > "$1/etc/group"
  [ "$(id -u)" != 0 ] || chown -R 0:0 "$1"
  chmod 755 "$1"
  chmod -R go-w "$1"
  chmod 1777 "$1/tmp"
}

say_done() {
  echo "$1 is in $2 ($(du -h "$2" | cut -f 1)); load it with 'docker load -i' or 'ctr -n k8s.io images import'."
}

make_node_image() {
  # What the start scripts, probes and people at a shell of the container need beside node.
  programs=/bin/sh
  for program in cat chmod cp df env getent hostname id ln ls mkdir mv ps readlink rm sed sleep sync wget; do
    path=$(command -v "$program" 2> /dev/null) || continue
    case $path in /*) programs="$programs $path" ;; esac
  done
  # shellcheck disable=SC2086 # a list of paths without spaces
  sh e2e/kube/rootfs-add.sh "$root/node" $programs "$node_program" \
    "$PWD/node/build/Release/engine.node=/qdrant/node/build/Release/engine.node"
  sh scripts/assemble-node.sh "$root/node/qdrant"
  seal "$root/node" qdrant /qdrant
  # The two folders that a node writes into, beside the mark of a finished start.
  if [ "$(id -u)" = 0 ]; then
    chown 1000:1000 "$root/node/qdrant/storage" "$root/node/qdrant/snapshots"
  else
    chmod 777 "$root/node/qdrant/storage" "$root/node/qdrant/snapshots"
  fi
  archive=$folder/qdrant-$version.tar
  sh e2e/kube/mkimage.sh "$archive" "$node_image" "$root/node" '["/qdrant/qdrant"]' /qdrant 1000:1000
  say_done "$node_image" "$archive"
}

# Nothing but the operator: no shell, nothing that is written to.
make_operator_image() {
  sh e2e/kube/rootfs-add.sh "$root/operator" "$node_program"
  sh scripts/assemble-operator.sh "$root/operator/operator"
  seal "$root/operator" operator /operator
  archive=$folder/qdrant-operator-$version.tar
  sh e2e/kube/mkimage.sh "$archive" "$operator_image" "$root/operator" \
    '["/usr/local/bin/node","/operator/operator/dist/main.js"]' /operator 1000:1000 '8285 9290'
  say_done "$operator_image" "$archive"
}

make_node_image
make_operator_image
