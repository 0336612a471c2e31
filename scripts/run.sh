#!/usr/bin/env bash
# Runs the demonstration so that Ctrl-C on a terminal reaches it alone and not `make` above it:
# with job control on, it is a process group of its own in the foreground, and its exit status is what make sees.
cd "$(dirname "$0")/.." || exit 1
[ -t 0 ] && set -m
node build/tools/examples/src/demo.js
