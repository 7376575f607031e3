#!/usr/bin/env bash
# Fresh vectors by the two oracles into this crate, and this crate's into the two oracles. Needs Python 3.10-3.12 with
# pip, and a folder for a virtual environment that is kept.
set -euo pipefail
cd "$(dirname "$0")"

venv="${XDG_CACHE_HOME:-$HOME/.cache}/qianmo/tools/oracles"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

"$venv/bin/python" oracles.py make >"$work/theirs.json"
QIANMO_ORACLES="$work/theirs.json" cargo test -q -p qianmo-crypto --test it oracles::
cargo run -q -p qianmo-crypto --example oracle_vectors >"$work/ours.json"
"$venv/bin/python" oracles.py check "$work/ours.json"
