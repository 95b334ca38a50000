#!/usr/bin/env bash
# Installs what the tests start themselves and this machine lacks. It touches
# nothing when everything is there, and never touches what is there.
set -euo pipefail
cd "$(dirname "$0")"

missing=()
have() { command -v "$1" >/dev/null 2>&1; }

have make || missing+=(make)
have git || missing+=(git)
# The race detector links against C.
have gcc && echo 'int main(void){return 0;}' | gcc -xc -include stdlib.h -o /dev/null - 2>/dev/null || missing+=(gcc libc6-dev)
# The tests start a PostgreSQL of their own; Debian keeps the binaries out of PATH.
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || have initdb || missing+=(postgresql)
# A page counts as working when a browser says so.
have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
# What the browser puts into pages, and the libraries ours are compared with.
have node && have npm || missing+=(nodejs npm)

install_missing() {
	local as_root=()
	if [ "$(id -u)" -ne 0 ]; then
		have sudo && as_root=(sudo)
	fi
	if ! have apt-get || { [ "$(id -u)" -ne 0 ] && [ ${#as_root[@]} -eq 0 ]; }; then
		echo "The tests need: ${missing[*]}. Install them (Debian's names) and run this again." >&2
		exit 1
	fi
	echo "Installing what the tests need: ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	"${as_root[@]}" apt-get update -q
	"${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}"
}
[ ${#missing[@]} -eq 0 ] || install_missing

# Each folder with a lock gets exactly what the lock says, and no script of it runs.
for lock in */package-lock.json; do
	folder=${lock%/*}
	cmp -s "$lock" "$folder/node_modules/.installed" && continue
	echo "Installing what the tests need: tools/$folder"
	(cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.installed)
done
