#!/bin/bash
# Whoever installs a disk may put a config beside the kernel, as ignition/config.ign of the boot filesystem. It takes the
# place of the platform's, and goes with the first boot.
set -euo pipefail

mountpoint=/run/ignition-setup-user
mkdir -p "$mountpoint"
mount -o ro,noload /dev/disk/by-label/boot "$mountpoint"
if [[ -f "$mountpoint/ignition/config.ign" ]]; then
    # systemd protects it in the initramfs, too.
    mount -o remount,bind,rw /usr
    mkdir -p /usr/lib/ignition
    cp "$mountpoint/ignition/config.ign" /usr/lib/ignition/user.ign
fi
umount "$mountpoint"
