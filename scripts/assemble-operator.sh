#!/bin/sh
# Puts what the operator needs to run into a folder, as images have it below /operator:
#   scripts/assemble-operator.sh DESTINATION
# The build must be done. Nothing is fetched: packages are copied from node_modules, those for development left out.
set -eu
cd "$(dirname "$0")/.."
[ $# = 1 ] || { echo "usage: scripts/assemble-operator.sh DESTINATION" >&2; exit 2; }
[ -f operator/dist/main.js ] && [ -d node/dist/placement ] || { echo "The operator is not built: run 'make build' first." >&2; exit 1; }

mkdir -p "$1"
destination=$(cd "$1" && pwd)
mkdir -p "$destination/operator" "$destination/node" "$destination/node_modules/@qdrant-operator"
cp LICENSE "$destination/"
cp operator/package.json "$destination/operator/"
cp -R operator/pod "$destination/operator/"
cp node/package.json "$destination/node/"
# Of the node it has the planners of moves, and neither native code nor packages.
find operator/dist node/dist/placement -name '*.js' -print | tar -cf - -T - | tar -xf - -C "$destination"
ln -sfn ../../node "$destination/node_modules/@qdrant-operator/node"
sh scripts/copy-packages.sh operator "$destination"
