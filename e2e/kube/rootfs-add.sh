#!/bin/sh
# Copies programs, with the shared libraries that they are linked to, into the root of an image:
#   rootfs-add.sh ROOT PROGRAM ...
# A program written SOURCE=DESTINATION gets another place; a library counts as a program.
set -eu
root=$1
shift

copy() {
  [ -e "$root$2" ] && return
  mkdir -p "$root$(dirname "$2")"
  cp -L "$1" "$root$2"
}

mkdir -p "$root/tmp" "$root/etc" "$root/dev" "$root/proc" "$root/sys"
chmod 1777 "$root/tmp"
[ -f "$root/etc/nsswitch.conf" ] || echo 'hosts: files dns' > "$root/etc/nsswitch.conf"

for program in "$@"; do
  source=${program%%=*}
  destination=${program#*=}
  copy "$source" "$destination"
  # "name => /path (address)" for libraries, "/path (address)" for the loader.
  ldd "$source" 2> /dev/null | sed -n 's|.*=> \(/[^ ]*\) .*|\1|p; s|^[[:space:]]*\(/[^ ]*ld-[^ ]*\) .*|\1|p' |
    while read -r library; do copy "$library" "$library"; done
done

# Name services are opened by name at run time, so that ldd does not show them.
for library in libnss_dns.so.2 libnss_files.so.2 libresolv.so.2; do
  path=$(ldconfig -p | sed -n "s|.*$library .*=> ||p" | head -n 1)
  [ -z "$path" ] || copy "$path" "$path"
done
