#!/usr/bin/env bash
# The AWS command line, which lifecycle files are written for: 11 MB from Debian.
set -euo pipefail

if command -v aws > /dev/null; then
  aws --version
  exit 0
fi
if ! command -v apt-get > /dev/null || [ "$(id -u)" -ne 0 ]; then
  echo 'missing: aws; install the AWS CLI with the package manager of this system, or run this as root on Debian' >&2
  exit 1
fi
install=(apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 awscli)
export DEBIAN_FRONTEND=noninteractive
"${install[@]}" || { apt-get update -q && "${install[@]}"; }
