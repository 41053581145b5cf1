#!/usr/bin/env bash
# actionlint: reads the workflows of GitHub as GitHub does. Their scripts are read by shellcheck, which is a package of Debian.
set -euo pipefail
bash "$(dirname "$0")/../go-program.sh" actionlint github.com/rhysd/actionlint/cmd/actionlint v1.7.12
