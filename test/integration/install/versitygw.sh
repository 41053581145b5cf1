#!/usr/bin/env bash
# versitygw: an S3 server that keeps objects as files and verifies signatures and checksums.
set -euo pipefail
bash "$(dirname "$0")/../go-program.sh" versitygw github.com/versity/versitygw/cmd/versitygw v1.8.0
