#!/usr/bin/env bash
# Follows secrets through the compiled code with valgrind's memcheck: no branch and no address may depend on one.
# What remains is listed, with its reason, in ctgrind.supp. Needs valgrind (Debian: valgrind).
#
#   crypto/tests/ctgrind/run.sh [CASE…]
#
# valgrind 3.19 knows no GFNI and no AVX-512, so of the SM4 kernels it can follow aesni-avx2 and portable; the others
# are looked at by disasm.sh.
set -euo pipefail
cd "$(dirname "$0")"

target="${CARGO_TARGET_DIR:-../../../target}"
# The optimised code that ships, with names for the reports.
CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_PROFILE_RELEASE_STRIP=none \
  cargo build --release -q -p qianmo-crypto --example ctgrind
program="$target/release/examples/ctgrind"

check() { # kernel, cases…
  local kernel=$1
  shift
  QIANMO_SM4_KERNEL=$kernel valgrind -q --error-exitcode=99 --track-origins=no --read-inline-info=yes \
    --num-callers=30 --suppressions=ctgrind.supp "$program" "$@"
}

if check portable leak 2>leak.log; then
  echo "the leak made on purpose was not reported" >&2
  exit 1
fi
reported=$(grep -cE 'depends on uninitialised|Use of uninitialised' leak.log)
rm leak.log
[ "$reported" -ge 2 ] || { echo "of the leaks made on purpose only $reported was reported" >&2; exit 1; }

for kernel in portable aesni-avx2; do
  echo "== $kernel"
  check "$kernel" "$@"
done
echo "no branch and no address depends on a secret"
