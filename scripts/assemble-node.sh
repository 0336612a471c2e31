#!/bin/sh
# Puts what a node needs to run into a folder, as images have it below /qdrant:
#   scripts/assemble-node.sh DESTINATION
# The build must be done. Nothing is fetched: packages are copied from node_modules, those for development left out.
set -eu
cd "$(dirname "$0")/.."
[ $# = 1 ] || { echo "usage: scripts/assemble-node.sh DESTINATION" >&2; exit 2; }
[ -f node/dist/main.js ] && [ -f node/build/Release/engine.node ] || { echo "The node is not built: run 'make build' first." >&2; exit 1; }

mkdir -p "$1"
destination=$(cd "$1" && pwd)
mkdir -p "$destination/node/build/Release" "$destination/config" "$destination/storage" "$destination/snapshots" "$destination/tls"
cp qdrant LICENSE "$destination/"
cp node/package.json "$destination/node/"
cp node/build/Release/engine.node "$destination/node/build/Release/"
# Maps and declarations serve development alone.
(cd node && find dist -name '*.js' -print | tar -cf - -T -) | tar -xf - -C "$destination/node"
sh scripts/copy-packages.sh node "$destination"
