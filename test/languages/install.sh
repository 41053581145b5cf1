#!/usr/bin/env bash
# What the packages of other languages are built and run with, from Debian's packages: a JDK, Maven, and Python with venv. Go comes from go.dev, as for
# test/integration. What these need themselves comes from PyPI, Maven Central and the Go proxy when the packages are built.
set -euo pipefail

missing=()
command -v javac > /dev/null || missing+=(default-jdk-headless)
command -v mvn > /dev/null || missing+=(maven)
python3 -c 'import ensurepip, venv' 2> /dev/null || missing+=(python3-venv)
if [ ${#missing[@]} -gt 0 ]; then
  if ! command -v apt-get > /dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "missing: ${missing[*]}; install them with the package manager of this system, or run this as root on Debian" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q -o DPkg::Lock::Timeout=300
  apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"
fi
if ! command -v go > /dev/null; then
  echo 'Go is missing: install it (https://go.dev/doc/install, 1.25 or later) and run this again' >&2
  exit 1
fi
echo 'Java, Maven, Python and Go are installed'
