#!/usr/bin/env bash
# Fuzzes every target of the tree, one after the other, each for $1 (default 60s).
set -euo pipefail
time=${1:-60s}

found=0
while IFS=: read -r file target; do
	found=1
	echo "fuzz $(dirname "$file") $target"
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 5x "./$(dirname "$file")"
done < <(git grep -oE '^func Fuzz\w+' -- '*_test.go' | sed 's/:func /:/')
[ "$found" -eq 1 ] || { echo "There is no fuzz target in the tree." >&2; exit 1; }
