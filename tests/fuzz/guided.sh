#!/usr/bin/env bash
# Fuzzes one reader, guided by coverage: `guided.sh READER [SECONDS]`. Needs a C++ compiler, and no nightly: the counters
# are put in by LLVM's own pass. What is found is left in target/fuzz/READER; a good find goes to seeds/READER.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$here/../../target/fuzz
reader=$1
seconds=${2:-600}
case $reader in
  spec | plan | journal | state | bundle) features=() ;;
  *) features=(--features targets) ;;
esac
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing"
host=$(rustc -vV | sed -n 's/^host: //p')
# With a target named, build scripts and macros are built without the counters.
cargo build --release --target "$host" --manifest-path "$here/Cargo.toml" --target-dir "$work/build" "${features[@]}"
mkdir -p "$work/$reader/corpus"
cd "$work/$reader"
READER=$reader exec "$work/build/$host/release/guided" corpus "$here/seeds/$reader" \
  -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1
