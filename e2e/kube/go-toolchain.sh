# shellcheck shell=bash disable=SC2154
# Sourced after settings.sh: a Go that can build the cluster. `need_go` sets $go.
#
# From 1.21 on a Go fetches by itself, through the module proxy, the toolchain that a module asks for. An older one, as
# Debian 12 has it, can still be told to: a toolchain is published as a module too.

go_wanted=1.25.4 # at least what dns/go.mod asks for

go_minor() { "$1" version 2> /dev/null | sed -n 's/^go version go1\.\([0-9]*\).*/\1/p'; }

find_go() { # prints one that fetches toolchains, or else one that is merely there
  local candidate old=
  for candidate in "$(command -v go)" /usr/local/go/bin/go /usr/lib/go-1.*/bin/go /usr/lib/go/bin/go "$bin/go/bin/go"; do
    [ -x "$candidate" ] || continue
    if [ "$(go_minor "$candidate")" -ge 21 ] 2> /dev/null; then
      echo "$candidate"
      return
    fi
    old=$candidate
  done
  [ -n "$old" ] && echo "$old"
}

# A module's files are read-only and not executable, and a go.mod within it has an underscore before its name.
fetch_toolchain() { # GO FOLDER
  local platform module source
  platform=$("$1" env GOOS).$("$1" env GOARCH)
  module=golang.org/toolchain@v0.0.1-go$go_wanted.${platform/./-}
  say "fetching Go $go_wanted as a module, with $("$1" version)"
  source=$(cd "$(mktemp -d)" && GOFLAGS=-mod=mod "$1" mod download -json "$module" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  [ -d "$source" ] || fail "the module proxy did not give $module"
  rm -rf "$2.part" "$2"
  cp -r "$source" "$2.part"
  chmod -R u+w "$2.part"
  chmod +x "$2.part"/bin/* "$2.part"/pkg/tool/*/* 2> /dev/null || true
  find "$2.part" -name _go.mod -execdir mv {} go.mod \;
  mv "$2.part" "$2"
}

need_go() {
  go=$(find_go) || fail "there is no Go; install golang-go, or put Go 1.21 or later on the PATH."
  if [ "$(go_minor "$go")" -lt 21 ]; then
    fetch_toolchain "$go" "$bin/go"
    go=$bin/go/bin/go
  fi
  # What is set here would hide the right one: a GOROOT of another Go, or a wish for the local toolchain alone.
  unset GOROOT
  export GOTOOLCHAIN=auto
}
