#!/usr/bin/env bash
# Instructions and allocations an iteration: `benches/icount.sh [workload …]`. Needs valgrind.
#
# Callgrind counts two run lengths in two processes; the difference is what an iteration costs once everything is
# warm. "closing thread" is the thread that makes the spans, "all threads" counts the worker too. Allocations are
# those of the closing thread, counted by an allocator of its own program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PROGRAMS=target/release
out=$(mktemp -d)
coproc SINK { exec "$PROGRAMS/sink" 2>/dev/null; }
readonly SINK_PID
trap 'kill "$SINK_PID" 2>/dev/null || true; rm -rf "$out"' EXIT
read -r port <&"${SINK[0]}"
readonly URL="http://127.0.0.1:$port"

# Instructions of the closing thread and of all threads for so many iterations.
count() {
    local workload=$1 variant=$2 iterations=$3
    rm -f "$out"/*
    valgrind --tool=callgrind --separate-threads=yes --callgrind-out-file="$out/count" \
        "$PROGRAMS/program" run "$workload" "$variant" "$URL" "$iterations" >"$out/log" 2>&1 ||
        { cat "$out/log" >&2; return 1; }
    awk '/^(totals|summary):/ && !seen[FILENAME]++ { all += $2; if (FILENAME ~ /-01$/) main = $2 } END { printf "%.0f %.0f\n", main, all }' \
        "$out"/count-*
}

measure() {
    local workload=$1 variant=$2 less more few many allocations
    case $workload in
        w2*) few=256 many=768 ;;
        w3 | w4*) few=4096 many=24576 ;;
        *) few=1024 many=5120 ;;
    esac
    read -r -a less < <(count "$workload" "$variant" "$few")
    read -r -a more < <(count "$workload" "$variant" "$many")
    read -r -a allocations < <("$PROGRAMS/allocations" "$workload" "$variant" "$URL")
    printf '| %s | %s | %d | %d | %s | %s |\n' "$workload" "$variant" \
        $(((more[0] - less[0]) / (many - few))) $(((more[1] - less[1]) / (many - few))) \
        "${allocations[0]}" "${allocations[1]}"
}

variants() {
    case $1 in
        w1 | w2) echo noop ours otel fmt-json ;;
        w1-annotate | w2-annotate) echo noop ours ;;
        w3) echo none noop ours-beside otel disabled-beside ;;
        w4 | w4-unwanted) echo none ours disabled ;;
        *) echo "no such workload: $1" >&2 && return 1 ;;
    esac
}

workloads=("$@")
if ((${#workloads[@]} == 0)); then workloads=(w1 w1-annotate w2 w2-annotate w3 w4 w4-unwanted); fi
printf '| workload | variant | closing thread | all threads | allocations | bytes |\n|---|---|--:|--:|--:|--:|\n'
for workload in "${workloads[@]}"; do
    for variant in $(variants "$workload"); do measure "$workload" "$variant"; done
done
