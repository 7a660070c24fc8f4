#!/bin/bash
# Grows the root to its disk: the partition into the free space directly behind it, what is encrypted in it, the filesystem.
# It is the last thing that happens to the root before it is mounted. Does nothing where there is no room or no partition.
#
# coreos-growroot record      before Ignition's disks stage: what it is going to see
# coreos-growroot partition   the partition and what is encrypted in it
# coreos-growroot filesystem  the filesystem
set -euo pipefail

device=$(realpath /dev/disk/by-label/root)
recorded=/run/coreos-root-partition

# What the root lies in, from itself down to the disk: lines "TYPE PATH".
chain() {
    lsblk --inverse --list --noheadings --output TYPE,PATH "$device"
}

partition_of() {
    chain | sed -n 's/^part *//p'
}

# Whoever sets a size in the Ignition config gets just that.
size_of() {
    [[ -z "$1" ]] || echo "$1 $(lsblk --nodeps --noheadings --bytes --output SIZE "$1")"
}

grow_partition() {
    local partition="$1" number disk lock
    number=$(<"/sys/class/block/${partition##*/}/partition")
    disk=/dev/$(lsblk --nodeps --noheadings --output PKNAME "$partition")
    # While we hold it, udev does not read the partition table again, for which the partitions would go and come back.
    exec {lock}< "$disk"
    flock --exclusive "$lock"
    # The kernel refuses to read the whole table again while a partition is in use: only this one's new size is told.
    if echo ', +' | sfdisk --no-reread --no-tell-kernel -N "$number" "$disk"; then
        resizepart "$disk" "$number" "$(partx --show --noheadings --output SECTORS --nr "$number" "$disk")"
    fi
    exec {lock}<&-
}

# Its key is in the hands of whoever made it, a moment ago: Ignition, or the machine's TPM through clevis.
grow_crypt() {
    local name="${1#/dev/mapper/}" luks slot
    # shellcheck disable=SC2016
    local key='.luksPersistKeyFiles[$name] // empty'
    luks=$(cryptsetup status "$name" | sed -n 's/^ *device: *//p')
    if jq --exit-status --arg name "$name" "$key" /run/ignition/state > /dev/null; then
        # A data URL: RFC 2397.
        jq --raw-output --join-output --arg name "$name" "$key" /run/ignition/state |
            sed 's/^[^,]*,//' | base64 --decode | cryptsetup resize --key-file - "$name"
        return
    fi
    clevis luks list -d "$luks" | sed 's/:.*//' | while read -r slot; do
        if clevis luks pass -d "$luks" -s "$slot" | cryptsetup resize --key-file - "$name"; then
            break
        fi
    done
}

case "$1" in
    record)
        size_of "$(partition_of)" > "$recorded"
        ;;
    partition)
        partition=$(partition_of)
        if [[ -n "$partition" && "$(size_of "$partition")" == "$(<"$recorded")" ]]; then
            grow_partition "$partition"
        fi
        chain | while read -r type path; do
            if [[ "$type" == crypt ]]; then
                grow_crypt "$path"
            fi
        done
        ;;
    filesystem)
        mountpoint=$(mktemp --directory)
        mount -o rw "$device" "$mountpoint"
        /usr/lib/systemd/systemd-growfs "$mountpoint"
        umount "$mountpoint"
        rmdir "$mountpoint"
        ;;
esac
