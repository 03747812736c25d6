# Shared by the scripts here; sourced, never run. Every script works from the
# repository's root, whatever folder it is called from.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ROOT=$PWD
export ROOT
mkdir -p .cache/bin
# A newer Node.js than the machine's own, if scripts/setup had to bring one.
for bin in tools/node/node_modules/node-linux-*/bin; do
	if [ -x "$bin/node" ]; then PATH=$ROOT/$bin:$PATH; fi
done
unset bin

say() { printf '\n==> %s\n' "$*"; }
die() {
	printf '\n%s\n' "$*" >&2
	exit 1
}

# digest prints one hash for the names and contents of the files on standard
# input (one name a line); a file that is missing counts too.
digest() { LC_ALL=C sort | xargs -r -d '\n' sha256sum 2>&1 | sha256sum | cut -c1-16; }

# unchanged NAME HASH says whether HASH is what `record NAME HASH` kept.
unchanged() { [ "$(cat ".cache/$1.hash" 2>/dev/null)" = "$2" ]; }
record() { printf '%s\n' "$2" >".cache/$1.hash"; }

# install_npm DIR brings in what DIR/package-lock.json names, if it changed.
# Install scripts stay off: nothing here needs one, and they run as whoever builds.
install_npm() {
	local dir=$1 mark hash
	mark=npm-$(printf '%s' "$dir" | tr / -)
	hash=$(printf '%s\n' "$dir/package.json" "$dir/package-lock.json" | digest)
	if [ -d "$dir/node_modules" ] && unchanged "$mark" "$hash"; then return; fi
	(cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error </dev/null)
	record "$mark" "$hash"
}

# took SECONDS prints a length of time in words.
took() { printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); }
