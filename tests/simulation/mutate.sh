#!/usr/bin/env bash
# Breaks a copy of the sources on purpose, one patch of mutations/ after another, and tells which seed notices.
# `mutate.sh [NAME…]`: those, in that order, or all. SEEDS says how many seeds each gets (10,000), from 0 on: those that
# ever failed do not come first, so that the seed tells how soon a breakage shows. Ends with 1 if one goes unnoticed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/target/mutants
mkdir -p "$work"
unnoticed=0
# Our own crates are built quickly rather than well: most breakages are noticed within a few seeds.
quick=()
for crate in "$root"/crates/* simulation; do
  quick+=(--config "profile.release.package.$(basename "$crate").opt-level=0")
done
if [ $# -eq 0 ]; then
  set -- $(cd "$here/mutations" && ls ./*.patch | sed 's,^./,,; s/.patch$//')
fi
for name in "$@"; do
  patch=$here/mutations/$name.patch
  # Only what differs is copied, so that no more is built again than a patch breaks.
  mkdir -p "$work/source/tests"
  (cd "$root" && find crates -type f) | while read -r file; do
    mkdir -p "$work/source/$(dirname "$file")"
    cmp -s "$root/$file" "$work/source/$file" || cp "$root/$file" "$work/source/$file"
  done
  cp "$root/Cargo.toml" "$work/source/Cargo.toml"
  mkdir -p "$work/source/tests/simulation"
  cp "$here"/*.rs "$here"/seeds.txt "$here"/Cargo.toml "$here"/Cargo.lock "$work/source/tests/simulation/"
  if ! patch -s -p1 -d "$work/source" <"$patch" >"$work/$name.log"; then
    echo "$name: does not apply, see $work/$name.log"
    unnoticed=1
    continue
  fi
  if ! CARGO_INCREMENTAL=1 cargo build -q --release "${quick[@]}" --manifest-path "$work/source/tests/simulation/Cargo.toml" --target-dir "$root/target/simulation-mutants" 2>"$work/$name.log"; then
    echo "$name: does not build, see $work/$name.log"
    unnoticed=1
    continue
  fi
  if told=$(BRIEF=1 ORDINARY=1 SEEDS=${SEEDS:-10000} "$root/target/simulation-mutants/release/simulation"); then
    echo "$name: NOT NOTICED: $told"
    unnoticed=1
  else
    echo "$name: ${told:0:180}"
  fi
done
exit "$unnoticed"
