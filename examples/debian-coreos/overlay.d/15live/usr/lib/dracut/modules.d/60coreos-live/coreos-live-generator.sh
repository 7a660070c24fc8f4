#!/bin/bash
# In an initramfs of live media, has the root made of what the medium holds, in place of a disk's.
set -euo pipefail

[[ -e /etc/coreos-live-initramfs ]] || exit 0

# Whoever must know that this system is a live one looks for it.
: > /run/ostree-live

units=$2
cp /usr/lib/coreos-live/units/ostree-prepare-root.service /usr/lib/coreos-live/units/ignition-setup-user.service "$units"
mkdir -p "$units/ignition-complete.target.requires"
ln -sf ../ignition-setup-user.service "$units/ignition-complete.target.requires/ignition-setup-user.service"

# need UNIT: the root is not made before UNIT is there
need() {
    mkdir -p "$units/ostree-prepare-root.service.d"
    printf '[Unit]\nRequires=%s\nAfter=%s\n' "$1" "$1" > "$units/ostree-prepare-root.service.d/$1.conf"
}

volume='' url=''
for argument in $(</proc/cmdline); do
    case "$argument" in
        coreos.liveiso=*) volume=${argument#*=} ;;
        coreos.live.rootfs_url=*) url=${argument#*=} ;;
    esac
done

if [[ -n $volume ]]; then
    # What else udev might make of a volume's name is no name of ours.
    [[ $volume =~ ^[A-Za-z0-9._-]+$ ]] || exit 0
    printf '[Unit]\nDescription=Live medium\nDefaultDependencies=false\n' > "$units/run-media-iso.mount"
    printf '[Mount]\nWhat=/dev/disk/by-label/%s\n' "$volume" >> "$units/run-media-iso.mount"
    printf 'Where=/run/media/iso\nType=iso9660\nOptions=ro\n' >> "$units/run-media-iso.mount"
    need run-media-iso.mount
elif [[ -n $url ]]; then
    cp /usr/lib/coreos-live/units/coreos-live-fetch.service "$units"
    need coreos-live-fetch.service
fi
