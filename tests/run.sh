#!/usr/bin/env bash
# Runs every test that CI runs, and says at the end what failed, in one list. `make test` sets everything up and calls it.
#
# Several runs of pytest: the server's fixtures bring an event loop for every test, which the browser's driver cannot be
# used in, and that driver runs a loop of its own to the end, once in a process. Three rows of them run beside each
# other: browsers and servers mostly wait, so that three rows keep two cores at work.
set -uo pipefail
cd "$(dirname "$0")/.."
logs=build/tests
rm -rf "$logs"
mkdir -p "$logs"
failed=()

# run NAME COMMAND...: shows what the command says, and keeps it.
run() {
  local name=$1
  shift
  # What takes long is said, so that it can be seen why all of it does.
  [ "$1" != pytest ] || set -- "$@" --durations=15 --durations-min=5
  printf '\n== %s: %s\n' "$name" "$*"
  "$@" 2>&1 | tee "$logs/$name.log"
  local status=${PIPESTATUS[0]}
  [ "$status" -eq 0 ] || echo "$status" >"$logs/$name.failed"
}

# Tests that browsers are driven in, those of a server in the test's own process, and parts of the rest by time.
browser=(tests/browser)
pages=(tests/attacks/browser tests/keys tests/engines)
server=(tests/server tests/attacks/server)
half=(tests/history tests/nog tests/storage tests/workspace)
long=(tests/assistant tests/faults)
attacker=(tests/attacker)
elsewhere=("${browser[@]}" "${pages[@]}" "${server[@]}" "${half[@]}" "${long[@]}" "${attacker[@]}")

run ruff ruff check .
run format ruff format --check .
run mypy mypy
run typescript npm --prefix js run --silent types
{
  run vitest npm --prefix js run --silent test
  run browser pytest "${browser[@]}"
  run server pytest -p pytest_jupyter.jupyter_server "${server[@]}"
} >"$logs/first.out" 2>&1 &
first=$!
{
  run pages pytest "${pages[@]}"
  run half pytest "${half[@]}"
  run long pytest "${long[@]}"
} >"$logs/second.out" 2>&1 &
second=$!
run rest pytest "${elsewhere[@]/#/--ignore=}"
wait "$first" "$second"
cat "$logs/first.out" "$logs/second.out"
# Alone: it looks for moments in which the server stands still.
run attacker pytest -s "${attacker[@]}"

printf '\n== closing lines\n'
for log in "$logs"/*.log; do
  # Without colours. The last line of each runner that counts something.
  sed 's/\x1b\[[0-9;]*m//g' "$log" |
    grep -E '^(=+ .* in [0-9.]+s|[0-9]+ (passed|failed).* in [0-9.]+s| *Tests  .*passed|Success|All checks|Found [0-9]|[0-9]+ files)' |
    tail -n 1 | sed "s|^|$(basename "$log" .log): |"
done
for mark in "$logs"/*.failed; do
  [ -e "$mark" ] && failed+=("$(basename "$mark" .failed)")
done
if [ "${#failed[@]}" -gt 0 ]; then
  printf '\n== what failed: %s\n' "${failed[*]}"
  for name in "${failed[@]}"; do
    lines=$(grep -E '^(FAILED|ERROR) | FAIL |error TS|: error:|^error' "$logs/$name.log" | cut -c1-300)
    printf '%s\n' "${lines:-$name ended with $(cat "$logs/$name.failed"); see $logs/$name.log}"
  done
  exit 1
fi
printf '\n== everything passed\n'
