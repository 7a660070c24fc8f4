#!/bin/bash
# The root of a live system: the root filesystem of the disk, as the medium holds it, read-only, with a layer in memory
# over it. ostree then finds its deployment there as on a disk. /var is memory alone.
set -euo pipefail

state=/run/coreos-live
medium=/run/media/iso
# Where the root filesystem begins in rootfs.img: behind the header of the archive's first member.
offset=124

fail() {
    echo "coreos-live: $*" >&2
    exit 1
}

argument() {
    local word
    for word in $(</proc/cmdline); do
        case "$word" in
            "$1" | "$1"=*) return 0 ;;
        esac
    done
    return 1
}

# Copies the image into memory, and lets the medium go.
copy_to_memory() {
    local image=$1
    mkdir -p "$state/copy"
    mount -t tmpfs -o "mode=0700,size=$(($(stat --format %s "$image") + 1048576))" coreos-live-copy "$state/copy"
    cp "$image" "$state/copy/rootfs.img"
    umount "$medium"
}

mkdir -p "$state"
modprobe --all --quiet loop overlay || true
if [[ -e $state/rootfs.img ]]; then
    image=$state/rootfs.img
elif argument coreos.liveiso; then
    image=$medium/images/pxeboot/rootfs.img
    [[ -e $image ]] || fail "there is no live medium: no volume has the name that coreos.liveiso= says, or it is empty"
    if argument coreos.liveiso.fromram; then
        copy_to_memory "$image"
        image=$state/copy/rootfs.img
    fi
elif [[ -e /root.squashfs || -e /root.erofs ]]; then
    [[ $(cat /etc/coreos-live-rootfs 2> /dev/null) == "$(cat /etc/coreos-live-initramfs)" ]] ||
        fail "the root filesystem that was appended to the initrd is of another version than the initrd"
    image=/root.squashfs offset=0
    [[ -e $image ]] || image=/root.erofs
else
    fail "there is no root filesystem: append rootfs.img to the initrd, or say coreos.live.rootfs_url=URL"
fi

mkdir "$state/medium" "$state/disk" "$state/layer"
mount -o "ro,loop,offset=$offset" "$image" "$state/medium"
mount -t ext4 -o ro,loop,noload "$state/medium/root.img" "$state/disk"
# In a machine of 2 GiB, so much memory at most is taken by what is written to /etc, and by what to /var.
mount -t tmpfs -o mode=0755,size=15% coreos-live "$state/layer"
mkdir "$state/layer/upper" "$state/layer/work"
layers="lowerdir=$state/disk,upperdir=$state/layer/upper,workdir=$state/layer/work"
mount -t overlay -o "$layers" coreos-live /sysroot

deployments=(/sysroot/ostree/boot.[01]/*/*/0)
[[ ${#deployments[@]} -eq 1 && -d ${deployments[0]} ]] || fail "the root filesystem holds no deployment, or several"
# ostree reads there, and nowhere else, what to deploy.
printf '%s ostree=%s ostree.prepare-root.composefs=0\n' "$(</proc/cmdline)" "${deployments[0]#/sysroot}" > "$state/cmdline"
mount --bind "$state/cmdline" /proc/cmdline
trap 'umount /proc/cmdline' EXIT
/usr/lib/ostree/ostree-prepare-root /sysroot

mount -t tmpfs -o mode=0755,size=50% coreos-live-var /sysroot/var
cp --archive /sysroot/sysroot/ostree/deploy/*/var/. /sysroot/var
# Homes and other directories that Ignition writes to; the real root's systemd-tmpfiles does the whole work later.
directories=()
for directory in home roothome opt srv mnt usrlocal; do directories+=("--prefix=/var/$directory"); done
systemd-tmpfiles --root=/sysroot --create --boot "${directories[@]}"

# What a person at the console reads first.
mkdir -p /run/issue.d /run/motd.d
cp /usr/lib/coreos-live/issue /run/issue.d/10-live.issue
cp /usr/lib/coreos-live/issue /run/motd.d/10-live
