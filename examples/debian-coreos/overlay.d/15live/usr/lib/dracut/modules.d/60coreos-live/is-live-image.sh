#!/bin/bash
# Says to Ignition's generator whether there is a disk to set up.
[[ -e /etc/coreos-live-initramfs ]]
