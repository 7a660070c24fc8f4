#!/bin/bash
# Keeps the content of the root while Ignition makes another filesystem for it: encrypted, of another type, elsewhere. The
# config says so by a filesystem with the label "root" that is wiped, or that is on another device.
#
# coreos-transpose-root save     before Ignition's disks stage: the content goes to memory, if it has to
# coreos-transpose-root restore  after it: back into the new filesystem, which is there and has grown
set -euo pipefail

config=/run/ignition.json
saved=/run/coreos-saved-root
device=$(realpath /dev/disk/by-label/root)

complain() {
    echo "coreos-transpose-root: $*" >&2
    exit 1
}

# Where a path of the config leads to; it need not exist yet.
place() {
    realpath --canonicalize-missing "$1"
}

# All values that a filter finds in the config, a line each.
query() {
    jq --raw-output "$1" "$config"
}

is_wiped() {
    local wipes path
    while IFS=$'\t' read -r wipes path; do
        if [[ "$wipes" == true || "$(place "$path")" != "$device" ]]; then
            return 0
        fi
    done < <(query '.storage.filesystems // [] | .[] | select(.label == "root") | [.wipeFilesystem // false, .device] | @tsv')
    return 1
}

# Something else is made where the root is, and nothing that would be the root.
is_lost() {
    local path
    while read -r path; do
        [[ "$(place "$path")" != "$device" ]] || return 0
    done < <(query '.storage | (.luks // [] | .[] | select(.wipeVolume)), (.filesystems // [] | .[] | select(.wipeFilesystem))
        | .device')
    return 1
}

require_possible() {
    local count
    count=$(query '[.storage.filesystems // [] | .[] | select(.label == "root")] | length')
    [[ "$count" -eq 1 ]] || complain "the Ignition config has $count filesystems with the label \"root\": a system has one"
    [[ -z "$(query '.storage.luks // [] | .[] | select(.label == "root")')" ]] ||
        complain 'the Ignition config gives the label "root" to a LUKS volume: only the filesystem in it may have that'
}

# A filesystem that is made in the partition shall be as large as the partition will be: who grows a small one by far gets a
# slow one, and a LUKS volume needs its key for it. Not if the config has its own mind about that disk.
grow_partition_first() {
    local disk path
    disk=$(lsblk --inverse --list --noheadings --output TYPE,PATH "$device" | sed -n 's/^disk *//p;s/^loop *//p')
    while read -r path; do
        [[ "$(place "$path")" != "$disk" ]] || return 0
    done < <(query '.storage.disks // [] | .[] | .device')
    coreos-growroot partition
    coreos-growroot record
}

# Memory for the copy, in KiB, and for everything else.
reserve=$((256 * 1024))

save() {
    local room content compress=(cat)
    room=$(($(sed -n 's/^MemAvailable: *\([0-9]*\) kB$/\1/p' /proc/meminfo) - reserve))
    [[ "$room" -gt 0 ]] || complain "the machine has too little memory to keep the root's content in"
    mkdir -p "$saved"
    mount -t tmpfs -o "size=${room}k,mode=700" tmpfs "$saved"
    mkdir "$saved/root"
    mount -o ro "$device" "$saved/root"
    content=$(df --block-size=1K --output=used "$saved/root" | sed 1d)
    echo "coreos-transpose-root: keeping the root's $((content / 1024)) MiB in memory" >&2
    # Only where there is no room for it as it is: that takes time.
    if [[ "$((content * 5 / 4))" -ge "$room" ]]; then
        compress=(zstd --quiet -1 --threads=0)
    fi
    # Directories in which nothing can be made: the root of each deployment.
    find "$saved/root/ostree/deploy" -mindepth 3 -maxdepth 3 -type d -path '*/deploy/*' -exec lsattr -d {} + |
        sed -n "s%^[^ ]*i[^ ]* $saved/root/%%p" > "$saved/immutable"
    if ! tar --create --directory "$saved/root" --one-file-system --exclude './lost+found/*' --xattrs --xattrs-include='*' --acls \
        --numeric-owner . | "${compress[@]}" > "$saved/content"; then
        complain "the root's $((content / 1024)) MiB do not fit, compressed, into the $((room / 1024)) MiB of memory that are free:" \
            'the disk is as it was. Give the machine more memory, or take the root filesystem out of the Ignition config.'
    fi
    umount "$saved/root"
}

restore() {
    local path without=()
    mount -o rw "$device" "$saved/root"
    # Where the filesystem has the directory, it gets the old one's label; others do not get the directory.
    if [[ ! -e "$saved/root/lost+found" ]]; then without=(--exclude ./lost+found); fi
    # With --force, what is not compressed comes as it is.
    zstd --quiet --decompress --force --stdout "$saved/content" |
        tar --extract --directory "$saved/root" --preserve-permissions --same-owner --numeric-owner --xattrs \
            --xattrs-include='*' --acls "${without[@]}"
    while read -r path; do
        chattr +i "$saved/root/$path"
    done < "$saved/immutable"
    umount "$saved/root"
    umount "$saved"
    rmdir "$saved"
}

case "$1" in
    save)
        if is_wiped; then
            require_possible
            save
            grow_partition_first
        elif is_lost; then
            complain 'the Ignition config has something else made in place of the root: a filesystem needs the label "root"'
        fi
        ;;
    restore)
        if [[ -e "$saved" ]]; then
            restore
        fi
        ;;
esac
