#!/bin/sh
# Assembles the node's image without a container engine or a registry: an archive for `docker load` or
# `ctr images import`, from the programs and libraries of this machine and the node that was built here.
#   scripts/make-images.sh [FOLDER]      (build/images)
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/images}
version=$(node -p 'require("./package.json").version')
name=${IMAGE_NAME:-vdb.local/qdrant:$version}

mkdir -p "$folder"
root=$(mktemp -d "$folder/root.XXXXXX")
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

# What the start script, probes and people at a shell of the container need beside node.
programs=/bin/sh
for program in cat chmod cp df env getent hostname id ln ls mkdir mv ps readlink rm sed sleep sync wget; do
  path=$(command -v "$program" 2> /dev/null) || continue
  case $path in /*) programs="$programs $path" ;; esac
done
# shellcheck disable=SC2086 # a list of paths without spaces
sh e2e/kube/rootfs-add.sh "$root" $programs "$(node -p process.execPath)=/usr/local/bin/node" \
  "$PWD/node/build/Release/engine.node=/qdrant/node/build/Release/engine.node"
sh scripts/assemble-node.sh "$root/qdrant"

printf 'root:x:0:0:root:/root:/bin/sh\nqdrant:x:1000:1000:qdrant:/qdrant:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\nqdrant:x:1000:\n' > "$root/etc/group"
# Everything belongs to root but the two folders that a node writes into, and the mark of a finished start.
[ "$(id -u)" != 0 ] || chown -R 0:0 "$root"
chmod -R go-w "$root"
chmod 1777 "$root/tmp"
if [ "$(id -u)" = 0 ]; then
  chown 1000:1000 "$root/qdrant/storage" "$root/qdrant/snapshots"
else
  chmod 777 "$root/qdrant/storage" "$root/qdrant/snapshots"
fi

archive=$folder/qdrant-$version.tar
sh e2e/kube/mkimage.sh "$archive" "$name" "$root" '["/qdrant/qdrant"]' /qdrant 1000:1000
echo "$name is in $archive ($(du -h "$archive" | cut -f 1)); load it with 'docker load -i' or 'ctr -n k8s.io images import'."
