#!/bin/bash
# Binds the state root's var onto the deployment's, as ostree's generator does in the real root.
set -euo pipefail

for argument in $(</proc/cmdline); do
    case "$argument" in
        ostree=*) deployment=${argument#ostree=} ;;
    esac
done

# /ostree/boot.N/STATEROOT/CHECKSUM/SERIAL
IFS=/ read -r _ _ _ stateroot _ <<<"$deployment"
mount --bind "/sysroot/sysroot/ostree/deploy/$stateroot/var" /sysroot/var
