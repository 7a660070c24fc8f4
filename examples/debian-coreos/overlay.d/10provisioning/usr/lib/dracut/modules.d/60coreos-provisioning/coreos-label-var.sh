#!/bin/bash
# Labels the directories of /var that were made in the initramfs, where the system has an SELinux policy: it is not loaded
# yet, and nobody else does.
set -euo pipefail

config=/sysroot/etc/selinux/config
[[ -e "$config" ]] || exit 0
# shellcheck source=/dev/null
source "$config"
[[ "${SELINUX:-disabled}" != disabled ]] || exit 0
# Mounts are not asked whether they have labels: they say so only under a policy.
setfiles -F -m -r /sysroot "/sysroot/etc/selinux/$SELINUXTYPE/contexts/files/file_contexts" \
    /sysroot/var/{home,roothome,opt,srv,mnt,usrlocal}
