#!/bin/bash
# Machines that were made of one image begin with the same identifiers. This one's disk gets its own: the partition table,
# and the filesystems of /boot and of the root. They stay what they are from then on, for after the first boot the kernel
# is told them (boot=UUID=, root=UUID=). Partitions keep their GUIDs: nothing looks for them.
set -euo pipefail

# Which of two disks of one image the firmware has started cannot be told from here, and a guess would mix them up.
only() {
    local label="$1"
    local -a devices
    # Not from a cache: the devices' own words.
    mapfile -t devices < <(blkid --cache-file /dev/null --output device --match-token "LABEL=$label" | sort)
    if [[ ${#devices[@]} -eq 1 ]]; then
        echo "${devices[0]}"
        return
    fi
    echo "coreos-unique-disk: ${#devices[@]} filesystems have the label \"$label\": ${devices[*]:-}" >&2
    echo "coreos-unique-disk: a first boot needs exactly one. Detach the other disks until it is done, or wipe them (wipefs --all)." >&2
    return 1
}

disk_of() {
    local parent
    parent=$(lsblk --noheadings --nodeps --output PKNAME "$1")
    [[ -z "$parent" ]] || echo "/dev/$parent"
}

new_uuid() {
    local device="$1" type mountpoint
    type=$(blkid --probe --output value --match-tag TYPE "$device")
    case "$type" in
        # Its checksums begin with a seed of their own (metadata_csum_seed): nothing but superblocks is written.
        ext4) tune2fs -U random "$device" ;;
        xfs)
            # Only without a log that waits: a first boot that broke off leaves one.
            mountpoint=$(mktemp --directory)
            mount -t xfs -o nouuid "$device" "$mountpoint"
            umount "$mountpoint"
            rmdir "$mountpoint"
            xfs_admin -U generate "$device"
            ;;
        btrfs) btrfstune -f -m "$device" ;;
        *) echo "coreos-unique-disk: $device is ${type:-no filesystem}: its UUID stays" >&2 ;;
    esac
}

boot=$(only boot)
root=$(only root)
disk=$(disk_of "$boot")

if [[ -n "$disk" ]]; then
    # While we hold it, udev does not read the partition table again, for which the partitions would go and come back.
    exec {lock}< "$disk"
    flock --exclusive "$lock"
fi
new_uuid "$boot"
new_uuid "$root"
if [[ -n "$disk" && "$(blkid --probe --output value --match-tag PTTYPE "$disk")" == gpt ]]; then
    # Writes both headers, the second one to where the disk ends now. The kernel has nothing to learn of it.
    sfdisk --no-reread --no-tell-kernel --disk-id "$disk" "$(</proc/sys/kernel/random/uuid)"
fi
