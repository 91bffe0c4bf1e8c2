#!/usr/bin/env bash
# Runs the Rust core's tests for aarch64 (NEON) under qemu; with --tools it only says whether what it needs is there.
# Debian packages, once:
#   dpkg --add-architecture arm64 && apt-get update
#   apt-get install rustc-web cargo-web libstd-rust-web-dev:arm64 gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu
for tool in /usr/bin/rustc /usr/bin/cargo aarch64-linux-gnu-gcc qemu-aarch64-static; do
  command -v "$tool" >/dev/null || { echo "$tool is missing; see the head of $0" >&2; exit 3; }
done
export RUSTC=/usr/bin/rustc
for library in "$("$RUSTC" --print target-libdir --target "$target")" /usr/aarch64-linux-gnu/lib/libc.a; do
  [ -e "$library" ] || { echo "$library is missing; see the head of $0" >&2; exit 3; }
done
[ "${1-}" = --tools ] && exit
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/aarch64"
# Static: with the dynamic loader, qemu 7.2 hangs where the first thread is created.
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C target-feature=+crt-static"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=qemu-aarch64-static
/usr/bin/cargo test --package diff-core --lib --target "$target" "$@"
