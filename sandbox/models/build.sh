#!/bin/sh
# Builds the shipped models and lists their SM3 digests.
#
#   ./build.sh           build, write NAME.wasm and SM3SUMS
#   ./build.sh --check   build, and fail unless the committed files come out again, byte for byte
#
# With rustup: `rustup target add wasm32-unknown-unknown` and nothing else.
# Without that target, Debian's compiler builds the standard library from source:
#   apt-get install --no-install-recommends rustc-web cargo-web rust-web-src rust-web-llvm lld-22
# Two compilers give two sets of bytes: SM3SUMS names the one that made the committed files.
set -eu
cd "$(dirname "$0")"
models=$PWD
target=${CARGO_TARGET_DIR:-$models/target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
cargo_home=${CARGO_HOME:-$HOME/.cargo}
names="stats glm"

# Cargo mixes a package's place, as seen from its workspace, into names that decide the order of functions.
# `../guest` is outside and has an absolute place, so everything is built from a copy that has it inside.
tree=$target/guest/tree
rm -rf "$tree"
mkdir -p "$tree"
cp -R stats glm Cargo.lock ../guest ../wit ../../rust-toolchain.toml "$tree"
sed 's|\.\./guest|guest|' Cargo.toml >"$tree/Cargo.toml"
sed -i '/^workspace = /d; /must name it/d' "$tree/guest/Cargo.toml"

# Paths end up in panic messages, so they must not depend on where the sources lie.
flags="-C target-feature=+simd128 --remap-path-prefix=$tree=/qianmo"
for registry in "$cargo_home"/registry/src/*; do
    flags="$flags --remap-path-prefix=$registry=/crates"
done

cd "$tree"
if [ -d "$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)" ]; then
    compiler=$(rustc --version)
    RUSTFLAGS="$flags --remap-path-prefix=$(rustc --print sysroot)=/rust" \
        cargo build --release --locked --target wasm32-unknown-unknown --target-dir "$target/guest"
elif [ -d /usr/lib/rustlib/src/rust/library ] || [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
    compiler="$(/usr/bin/rustc --version) from Debian"
    # rustup's cargo leaks its environment into this one: start from an empty one.
    env -i PATH=/usr/bin:/bin HOME="$HOME" CARGO_HOME="$cargo_home" RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
        RUSTFLAGS="$flags --remap-path-prefix=$(/usr/bin/rustc --print sysroot)=/rust" \
        /usr/bin/cargo build --release --locked -Zbuild-std=std,panic_abort \
        --target wasm32-unknown-unknown --target-dir "$target/guest"
else
    echo "no compiler for wasm32-unknown-unknown: see the head of this script" >&2
    exit 1
fi

cd "$models"
echo "$compiler" >&2

out=$models
if [ "${1:-}" = --check ]; then out=$target/check; mkdir -p "$out"; fi
for name in $names; do
    cargo run --quiet --manifest-path ../Cargo.toml --example pack -- \
        "$target/guest/wasm32-unknown-unknown/release/$name.wasm" "$out/$name.wasm"
done
cd "$out"
{
    echo "# $compiler"
    for name in $names; do
        echo "$(openssl dgst -sm3 -r "$name.wasm" | cut -d' ' -f1)  $name.wasm"
    done
} >SM3SUMS
if [ "$out" != "$models" ]; then
    for file in SM3SUMS $(printf '%s.wasm ' $names); do cmp "$file" "$models/$file"; done
    echo "the committed models are those of these sources" >&2
fi
