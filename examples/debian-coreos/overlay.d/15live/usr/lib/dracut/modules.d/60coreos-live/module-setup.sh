#!/bin/bash
# What the initramfs needs to boot without a disk, from an ISO or over the network. All of it sleeps where nobody has
# appended etc/coreos-live-initramfs, as live media do. The network that an installer has copied is for every first boot.

check() {
    # Only where the dracut configuration asks for it.
    return 255
}

depends() {
    echo coreos-provisioning
}

installkernel() {
    instmods cdrom erofs iso9660 isofs loop overlay sr_mod squashfs
}

install_unit() {
    local unit="$1" target="$2"
    inst_simple "$moddir/$unit" "$systemdsystemunitdir/$unit"
    mkdir -p "$initdir/$systemdsystemunitdir/$target.requires"
    ln_r "$systemdsystemunitdir/$unit" "$systemdsystemunitdir/$target.requires/$unit"
}

install() {
    inst_multiple \
        cat \
        chgrp \
        chmod \
        cp \
        curl \
        cut \
        head \
        losetup \
        mkdir \
        modprobe \
        mount \
        rm \
        sed \
        sha256sum \
        sleep \
        stat \
        systemd-tmpfiles \
        tail \
        tee \
        tr \
        umount

    inst_script "$moddir/coreos-live-generator.sh" "$systemdutildir/system-generators/coreos-live-generator"
    # Ignition's generator asks it.
    inst_script "$moddir/is-live-image.sh" /usr/bin/is-live-image
    inst_script "$moddir/coreos-live-fetch.sh" /usr/sbin/coreos-live-fetch
    inst_script "$moddir/coreos-live-root.sh" /usr/sbin/coreos-live-root
    inst_script "$moddir/coreos-live-ignition.sh" /usr/sbin/coreos-live-ignition
    inst_script "$moddir/coreos-firstboot-network.sh" /usr/sbin/coreos-firstboot-network
    # The generator puts these in the place of those of a disk.
    local unit
    for unit in coreos-live-fetch ostree-prepare-root ignition-setup-user; do
        inst_simple "$moddir/live-units/$unit.service" "/usr/lib/coreos-live/units/$unit.service"
    done
    inst_simple "$moddir/issue" /usr/lib/coreos-live/issue
    install_unit coreos-firstboot-network.service ignition-complete.target
    install_unit coreos-firstboot-network-keep.service ignition-complete.target
}
