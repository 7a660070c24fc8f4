#!/bin/bash
# Grows the partition that holds the root filesystem into the free space directly behind it, then the
# filesystem to the partition. Does nothing where there is no room or no partition.
set -euo pipefail

# ostree-prepare-root leaves the physical root below the deployment.
mountpoint=/sysroot/sysroot
device=$(findmnt --noheadings --nofsroot --output SOURCE --target "$mountpoint")
number=$(cat "/sys/class/block/$(basename "$device")/partition" 2>/dev/null || true)

if [[ -n "$number" ]]; then
    disk=/dev/$(lsblk --noheadings --nodeps --output PKNAME "$device")
    # The kernel refuses to read the whole table again while the root is mounted: only this
    # partition's new size is told, by partx.
    if echo ', +' | sfdisk --no-reread --no-tell-kernel -N "$number" "$disk"; then
        partx --update --nr "$number" "$disk"
    fi
fi

mount -o remount,rw "$mountpoint"
exec /usr/lib/systemd/systemd-growfs "$mountpoint"
