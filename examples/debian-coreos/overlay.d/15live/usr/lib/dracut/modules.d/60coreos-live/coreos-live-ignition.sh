#!/bin/bash
# The config lies in the initramfs: somebody has appended an archive with it to the initrd, or has put one into the ISO.
set -euo pipefail

# systemd protects it in the initramfs, too.
mount -o remount,bind,rw /usr
mkdir -p /usr/lib/ignition
cp /config.ign /usr/lib/ignition/user.ign
