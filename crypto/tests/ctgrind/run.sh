#!/usr/bin/env bash
# Does the compiled code branch on a secret, or use one in an address? Needs valgrind, Python 3 and objdump.
#
#   crypto/tests/ctgrind/run.sh [CASE…]
#
# follow.py has memcheck follow secrets through examples/ctgrind.rs, with every SM4 kernel that valgrind knows the
# instructions of; disasm.py reads the machine code of the others.
set -euo pipefail
cd "$(dirname "$0")"

target="${CARGO_TARGET_DIR:-$(cd ../../.. && pwd)/target}/ctgrind"
# The code that ships, with names and lines for the reports.
CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_PROFILE_RELEASE_STRIP=none \
  cargo build -q --release -p qianmo-crypto --example ctgrind --target-dir "$target"
python3 follow.py "$target/release/examples/ctgrind" "$@"
python3 disasm.py "$target/release/examples/ctgrind"
