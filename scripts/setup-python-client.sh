#!/usr/bin/env bash
# Makes build/python-client, a virtual environment with the official Python client, for the tests in node/test/clients.
# It is optional: where it cannot be had, one line says so, those tests are skipped, and nothing fails.
# PYTHON_WITH_QDRANT_CLIENT names another Python to use; then nothing is made.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

requirements=node/test/clients/python/requirements.txt
environment=build/python-client
# Copied there last, so that it also says that the environment is whole.
installed=$environment/requirements.txt
log=build/python-client.log

skip() {
  echo "The tests of the Python client will be skipped: $1."
  exit 0
}

# The import fails when the system's Python was replaced by a later one.
is_there() {
  cmp -s "$requirements" "$installed" && "$environment/bin/python" -c 'import qdrant_client' 2> /dev/null
}

install() {
  python3 -m venv "$environment" || return 1
  # Wheels alone, of the hashes given: nothing is compiled, and no package runs code here.
  "$environment/bin/python" -m pip install --quiet --require-hashes --only-binary :all: --no-compile \
    --disable-pip-version-check --no-input --retries 2 --timeout 10 --requirement "$requirements" || return 1
  cp "$requirements" "$installed"
}

[ -z "${PYTHON_WITH_QDRANT_CLIENT:-}" ] || exit 0
! is_there || exit 0
python3 -c 'import venv, ensurepip' 2> /dev/null ||
  skip "python3-venv is not installed; install it and run 'make setup' to have them"
echo "Installing the Python client for its tests"
mkdir -p build && rm -rf "$environment"
install > "$log" 2>&1 || skip "it could not be installed, perhaps for want of a network; $log has pip's messages"
