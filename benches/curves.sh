#!/usr/bin/env bash
# Instructions of all threads at n and 10 n for each case of `curves`: `benches/curves.sh [case …]`. Needs valgrind.
#
# What is linear grows tenfold, less what the start of the process costs; with the square it would be a hundredfold.
# Ends with 1 if a case grows more than twentyfold.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PROGRAM=${PROGRAM:-target/release/curves}
readonly N=${N:-2000}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

count() {
    rm -f "$out"/*
    valgrind --tool=callgrind --callgrind-out-file="$out/count" "$PROGRAM" "$1" "$2" >"$out/log" 2>&1 ||
        { cat "$out/log" >&2; return 1; }
    awk '/^(totals|summary):/ && !seen[FILENAME]++ { all += $2 } END { printf "%.0f\n", all }' "$out"/count*
}

cases=("$@")
if ((${#cases[@]} == 0)); then mapfile -t cases < <("$PROGRAM"); fi
start=$(count record 0)
failed=0
printf '| case | an item at n = %d | an item at %d | growth |\n|---|--:|--:|--:|\n' "$N" $((10 * N))
for case in "${cases[@]}"; do
    less=$(($(count "$case" "$N") - start))
    more=$(($(count "$case" $((10 * N))) - start))
    printf '| `%s` | %d | %d | %d.%d |\n' "$case" $((less / N)) $((more / (10 * N))) $((more / less)) $((more * 10 / less % 10))
    if ((more / less >= 20)); then failed=1; fi
done
exit "$failed"
