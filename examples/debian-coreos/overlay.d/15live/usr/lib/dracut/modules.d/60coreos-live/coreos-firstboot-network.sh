#!/bin/bash
# cosa-install --copy-network leaves the network's configuration of the live system in the boot filesystem; live media may
# have one in their initrd. It is the initramfs's own until the config is fetched, and then the system's, as if an
# administrator had written it. For systemd-networkd and for NetworkManager, as the names tell.
set -euo pipefail
shopt -s nullglob

kept=/run/coreos-firstboot-network
used=/run/systemd/network

protect() {
    chmod 0640 "$@"
    # Without networkd nobody but root reads them.
    chgrp systemd-network "$@" 2> /dev/null || chmod 0600 "$@"
}

take() {
    local source=/etc/coreos-firstboot-network boot=/run/coreos-firstboot-network-boot files
    if [[ ! -e /run/ostree-live ]]; then
        mkdir -p "$boot"
        mount -o ro,noload /dev/disk/by-label/boot "$boot"
        source=$boot/coreos-firstboot-network
    fi
    files=("$source"/*.{network,netdev,link,nmconnection})
    if ((${#files[@]} > 0)); then
        # It is there in the system, too, and files of NetworkManager may hold passwords.
        mkdir -p "$kept" "$used"
        chmod 0700 "$kept"
        cp "${files[@]}" "$kept"
        # networkd is no root. What it makes devices of holds keys, such as those of WireGuard: nobody else reads that.
        chmod 0644 "$kept"/*
        files=("$kept"/*.netdev)
        ((${#files[@]} == 0)) || protect "${files[@]}"
        files=("$kept"/*.{network,netdev,link})
        ((${#files[@]} == 0)) || cp --preserve=mode,ownership "${files[@]}" "$used"
    fi
    [[ ! -d $boot ]] || umount "$boot"
}

keep() {
    local file
    local networkd=/sysroot/etc/systemd/network manager=/sysroot/etc/NetworkManager/system-connections
    for file in "$kept"/*.{network,netdev,link}; do
        mkdir -p "$networkd"
        cp --preserve=mode,ownership "$file" "$networkd"
        rm -f "$used/${file##*/}"
    done
    for file in "$kept"/*.nmconnection; do
        mkdir -p "$manager"
        # NetworkManager reads no others.
        cp "$file" "$manager"
        chmod 0600 "$manager/${file##*/}"
    done
}

"$1"
