#!/bin/sh
# Makes an image archive that `docker load` and `ctr images import` take, with tar and sha256sum alone:
#   mkimage.sh ARCHIVE NAME:TAG ROOT ENTRYPOINT_JSON [WORKING_FOLDER [USER [PORTS]]]
# A name without a dot before its first slash would get docker.io/library/ put in front when it is imported.
set -eu
archive=$1
name=$2
root=$3
entrypoint=$4
folder=${5:-/}
user=${6:-}
ports=
for port in ${7:-6333 6334 6335}; do ports="$ports,\"$port/tcp\":{}"; done
case $(uname -m) in
  x86_64) architecture=amd64 ;;
  aarch64) architecture=arm64 ;;
  *) architecture=$(uname -m) ;;
esac

work=$(mktemp -d "$(dirname "$archive")/mkimage.XXXXXX")
trap 'rm -rf "$work"' EXIT
# Owners are those of the root folder, times are zero: the same content gives the same archive.
tar --numeric-owner --sort=name --mtime=@0 -C "$root" -cf "$work/layer.tar" .
layer=$(sha256sum "$work/layer.tar" | cut -d ' ' -f 1)
cat > "$work/config.json" << END
{"architecture":"$architecture","os":"linux","created":"1970-01-01T00:00:00Z",
"config":{"Entrypoint":$entrypoint,"User":"$user","WorkingDir":"$folder",
"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
"ExposedPorts":{${ports#,}}},
"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]},"history":[{"created":"1970-01-01T00:00:00Z"}]}
END
cat > "$work/manifest.json" << END
[{"Config":"config.json","RepoTags":["$name"],"Layers":["layer.tar"]}]
END
tar --mtime=@0 -C "$work" -cf "$archive" manifest.json config.json layer.tar
