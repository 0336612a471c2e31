#!/usr/bin/env bash
# Writes kubernetes/go.mod and go.sum for another release of Kubernetes: write-go-mod.sh 1.33.13
#
# k8s.io/kubernetes names its own staging modules as v0.0.0, to be found beside it. Who depends on it has to replace
# each by the release that was published for it, v0.<minor>.<patch>. Everything else is taken as upstream pins it.
set -euo pipefail
cd "$(dirname "$0")/kubernetes"
release=$1
staging=v0.${release#1.}
upstream=$(go mod download -json "k8s.io/kubernetes@v$release" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
module=$(sed -n 's/^module //p' go.mod)
{
  printf 'module %s\n\n' "$module"
  sed -n 's/^go .*/&\n/p; s/^godebug .*/&\n/p' "$upstream"
  printf 'require k8s.io/kubernetes v%s\n\n' "$release"
  sed -n '/^require (/,/^)/p' "$upstream" | grep -v 'k8s.io/[a-z-]* v0\.0\.0$'
  printf '\nreplace (\n'
  sed -n "s|^\t\(k8s.io/[a-z-]*\) => ./staging.*|\t\1 => \1 $staging|p" "$upstream"
  printf ')\n'
} > go.mod
rm -f go.sum
go mod tidy
