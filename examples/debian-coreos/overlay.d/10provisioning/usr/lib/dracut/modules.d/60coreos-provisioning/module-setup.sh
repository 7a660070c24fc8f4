#!/bin/bash
# What the initramfs does around Ignition at the first boot: a config that lies in /boot is taken, network only where one
# must be fetched, the disk's identifiers made its own, the root kept while Ignition makes another filesystem for it and grown
# to its disk, and /var there before files are written.

check() {
    # Only where the dracut configuration asks for it.
    return 255
}

depends() {
    echo ignition ostree systemd-networkd systemd-resolved
}

installkernel() {
    # Filesystems that Ignition may make for the root.
    instmods btrfs dm-crypt ext4 xfs
}

install_unit() {
    local unit="$1" target="$2"
    inst_simple "$moddir/$unit" "$systemdsystemunitdir/$unit"
    mkdir -p "$initdir/$systemdsystemunitdir/$target.requires"
    ln_r "$systemdsystemunitdir/$unit" "$systemdsystemunitdir/$target.requires/$unit"
}

install() {
    inst_multiple \
        base64 \
        basename \
        blkid \
        btrfstune \
        cat \
        chattr \
        clevis-luks-list \
        clevis-luks-pass \
        cp \
        cryptsetup \
        df \
        find \
        findmnt \
        flock \
        jq \
        lsattr \
        lsblk \
        mkdir \
        mktemp \
        mount \
        mountpoint \
        partx \
        realpath \
        resizepart \
        rm \
        rmdir \
        sed \
        sfdisk \
        sort \
        systemd-tmpfiles \
        tar \
        tune2fs \
        umount \
        xfs_admin \
        xfs_db \
        zstd
    inst_simple "$systemdutildir/systemd-growfs"

    inst_script "$moddir/ignition-setup-user.sh" /usr/sbin/ignition-setup-user
    inst_script "$moddir/coreos-unique-disk.sh" /usr/sbin/coreos-unique-disk
    inst_script "$moddir/coreos-growroot.sh" /usr/sbin/coreos-growroot
    inst_script "$moddir/coreos-transpose-root.sh" /usr/sbin/coreos-transpose-root
    inst_script "$moddir/coreos-mount-var.sh" /usr/sbin/coreos-mount-var
    # Without a policy there is nothing to label.
    if [[ -x /usr/sbin/setfiles ]]; then
        inst_multiple setfiles
    else
        inst_script "$moddir/setfiles.sh" /usr/sbin/setfiles
    fi
    inst_script "$moddir/coreos-label-var.sh" /usr/sbin/coreos-label-var
    inst_script "$moddir/selinux-config.sh" /usr/sbin/coreos-selinux-config
    inst_simple "$moddir/selinux-config.conf" "$systemdsystemunitdir/ignition-files.service.d/10-selinux-config.conf"
    install_unit coreos-unique-disk.service ignition-diskful.target
    install_unit coreos-growroot-record.service ignition-diskful.target
    install_unit coreos-growroot.service ignition-diskful.target
    install_unit coreos-transpose-root-save.service ignition-diskful.target
    install_unit coreos-transpose-root-restore.service ignition-diskful.target
    install_unit coreos-mount-var.service ignition-diskful.target
    install_unit coreos-populate-var.service ignition-diskful.target
    install_unit coreos-ignition-network.service ignition-complete.target
    # A live system has no boot filesystem to look into.
    install_unit ignition-setup-user.service ignition-diskful.target

    # The distribution's configuration, merged with the user's.
    inst_multiple -o "/usr/lib/ignition/base.d/*.ign" "/usr/lib/ignition/base.platform.d/*/*.ign"

    # dracut starts networkd at every boot. Here only coreos-ignition-network starts it.
    $SYSTEMCTL -q --root "$initdir" disable \
        systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service \
        systemd-resolved.service
    ln -sfn ../run/systemd/resolve/resolv.conf "$initdir/etc/resolv.conf"
    # Debian's certificates, and Fedora's.
    inst_multiple -o /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
        /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem
}
