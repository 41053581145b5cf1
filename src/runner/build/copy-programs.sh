#!/bin/sh
# copy-programs.sh ROOT PROGRAM...: copies programs and every shared library that they load into a new root.
# Of each package that a file came from, its dpkg entry and its copyright go along, so that scanners still see names and versions.
# What belongs to a package of BASE_PACKAGES (a file with "name version" lines of dpkg-query) is left out: it is in the base image.
set -eu
root=$1
shift
mkdir -p "$root/var/lib/dpkg/status.d"

put() {
  case $1 in
    /lib/* | /lib64/* | /bin/*) target=/usr$1 ;;
    *) target=$1 ;;
  esac
  [ ! -e "$root$target" ] || return 0
  real=$(readlink -f "$1")
  package=$(dpkg-query -S "$real" 2>/dev/null || dpkg-query -S "${real#/usr}" 2>/dev/null || true)
  package=${package%%:*}
  if [ -n "$package" ] && [ -n "${BASE_PACKAGES:-}" ] && dpkg-query -W "$package" | grep -qxFf - "$BASE_PACKAGES"; then return 0; fi
  mkdir -p "$root${target%/*}"
  cp -L "$real" "$root$target"
  [ -n "$package" ] || return 0
  dpkg-query -s "$package" > "$root/var/lib/dpkg/status.d/$package"
  # By its real path: the directory of a package may be a link to that of another one, which is then a link in the base image too.
  copyright=$(readlink -f "/usr/share/doc/$package/copyright" || true)
  if [ -e "$copyright" ]; then
    mkdir -p "$root${copyright%/*}"
    cp -L "$copyright" "$root$copyright"
  fi
}

for program; do
  put "$program"
  ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' | while read -r library; do put "$library"; done
done
