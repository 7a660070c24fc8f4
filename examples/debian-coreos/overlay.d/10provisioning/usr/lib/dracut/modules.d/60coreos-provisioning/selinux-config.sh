#!/bin/bash
# Debian's Ignition ends its files stage by labelling what it wrote, and fails if no SELinux policy is named; this
# system has none. So one is named for just that stage, and setfiles does nothing. The file must not stay: ostree
# takes it for a policy that has to be built for each new deployment.
set -euo pipefail

config=/sysroot/etc/selinux/config
content=$'SELINUX=disabled\nSELINUXTYPE=none'

case "$1" in
    add)
        [[ -e "$config" ]] && exit 0
        mkdir -p "${config%/*}"
        echo "$content" > "$config"
        ;;
    remove)
        # A file that the user's config wrote is the user's.
        if [[ "$(cat "$config")" == "$content" ]]; then
            rm "$config"
        fi
        ;;
esac
