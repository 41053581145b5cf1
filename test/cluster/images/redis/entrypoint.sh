#!/bin/sh
# What the entry point of the official image does, as far as manifests can tell.
set -eu

case "${1:-}" in -* | *.conf) set -- redis-server "$@" ;; esac
[ "${1:-}" = redis-server ] || exec "$@"
if [ "$(id -u)" = 0 ]; then
  chown -R redis .
  exec setpriv --reuid=redis --regid=redis --init-groups "$0" "$@"
fi
umask 0077
case " $* " in
  *' --protected-mode '*) exec "$@" ;;
  *) exec "$@" --protected-mode no ;;
esac
