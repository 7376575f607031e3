#!/usr/bin/env bash
# Follows secrets through the compiled code with valgrind's memcheck: no branch and no address may depend on one.
# What remains is listed, with its reason, in ctgrind.supp. Needs valgrind (Debian: valgrind).
#
#   crypto/tests/ctgrind/run.sh [CASE…]
#
# valgrind 3.19 knows no GFNI and no AVX-512, so of the SM4 kernels it can follow aesni-avx2 and portable; the code of
# the others is read by disasm.py, which needs Python 3 and objdump.
set -euo pipefail
cd "$(dirname "$0")"

target="${CARGO_TARGET_DIR:-$(cd ../../.. && pwd)/target}/ctgrind"
# The code that ships, with names and lines for the reports.
CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_PROFILE_RELEASE_STRIP=none \
  cargo build -q --release -p qianmo-crypto --example ctgrind --target-dir "$target"
program="$target/release/examples/ctgrind"

check() { # kernel, cases…
  local kernel=$1
  shift
  QIANMO_SM4_KERNEL=$kernel valgrind -q --error-exitcode=99 --read-inline-info=yes --num-callers=30 \
    --suppressions=ctgrind.supp "$program" "$@"
}

leaks=$(check portable leak 2>&1 || true)
for report in 'Conditional jump' 'Use of uninitialised value'; do
  grep -q "$report" <<<"$leaks" || { echo "the leak made on purpose was not reported: $report" >&2; exit 1; }
done

for kernel in portable aesni-avx2; do
  echo "== $kernel"
  check "$kernel" "$@"
done
echo "== the code of the kernels"
python3 disasm.py "$program"
