#!/bin/sh
# Copies the packages that a workspace needs to run into DESTINATION/node_modules:
#   scripts/copy-packages.sh WORKSPACE DESTINATION
# Maps, declarations and documents serve development alone; prebuilt programs in them are for another runtime.
set -eu
cd "$(dirname "$0")/.."
node scripts/list-packages.mjs "$1" |
  tar --exclude='*.map' --exclude='*.ts' --exclude='*.md' --exclude='*/test' --exclude='*/docs' --exclude='*/prebuilds' \
    --exclude='*/node_modules/@types' -cf - -T - | tar -xf - -C "$2"
