#!/bin/bash
# Fetches rootfs.img into memory, and compares each piece with the digest that the initramfs has of it, while it comes.
set -euo pipefail

state=/run/coreos-live
wanted=/etc/coreos-live-want-rootfs
seconds=5
# In all, for a server that never answers, and for one that never ends: somebody has to look at it then.
longest=3600

for argument in $(</proc/cmdline); do
    case "$argument" in
        coreos.live.rootfs_url=*) url=${argument#*=} ;;
    esac
done

fail() {
    echo "coreos-live: $*" >&2
    exit 1
}

case "$url" in
    http://* | https://* | tftp://*) ;;
    *) fail "coreos.live.rootfs_url=$url: only http, https and tftp are fetched" ;;
esac

# The file's first line says how it was made, the others are a digest for each piece.
{
    read -r kind algorithm piece
    mapfile -t digests
} < "$wanted"
[[ "$kind $algorithm" == 'stream-hash sha256' && $piece =~ ^[1-9][0-9]*$ && ${#digests[@]} -gt 0 ]] ||
    fail "$wanted: this is no list of sha256 digests"

# keep: writes what comes to the file, piece by piece, and ends with status 1 where less comes than was said, 3 where
# something else comes
keep() {
    local digest sum number=0
    for digest in "${digests[@]}"; do
        number=$((number + 1))
        sum=$(head --bytes "$piece" | tee --append "$state/rootfs.img" | sha256sum | cut --delimiter ' ' --fields 1)
        [[ $sum == "$digest" ]] && continue
        # Nothing at all, or less than a piece: the connection has ended.
        (($(stat --format %s "$state/rootfs.img") < number * piece)) && return 1
        return 3
    done
    # The end, and nothing after it.
    [[ -z $(head --bytes 1 | tr '\0' x) ]] || return 3
}

mkdir -p "$state"
# As large as the pieces, and a bit: what a server sends beyond them must not fill the memory.
mount -t tmpfs -o "mode=0700,size=$((${#digests[@]} * piece + 1048576))" coreos-live-rootfs "$state"
while true; do
    left=$((longest - SECONDS))
    ((left > 0)) || fail "$url: the root filesystem has not come in $longest s"
    : > "$state/rootfs.img"
    : > "$state/headers"
    status=(0 0)
    curl --silent --show-error --fail --location --connect-timeout 30 --speed-time 60 --speed-limit 1 \
        --max-time "$left" --dump-header "$state/headers" "$url" | keep || status=("${PIPESTATUS[@]}")
    # Behind redirections the last one counts.
    code=$(sed --quiet 's,^HTTP/[0-9.]* \([0-9]*\).*,\1,p' "$state/headers" | tail --lines 1)
    # The server will not think better of it, but for those two codes: it takes its time, or asks for some.
    if [[ $code == 4?? && $code != 408 && $code != 429 ]]; then fail "$url: the server says $code"; fi
    case "${status[*]}" in
        '0 0') break ;;
        # All has come, and is something else; or the wrong piece has come, and nobody read on.
        '0 '* | *' 3')
            fail "$url: this is not the root filesystem of this initramfs; take both from the same version"
            ;;
        *) echo "coreos-live: $url: no answer yet, or not all of it; trying again in $seconds s" >&2 ;;
    esac
    sleep "$seconds"
done
