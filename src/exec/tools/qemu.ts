/** QEMU may not start programs, become somebody else, or make calls that it does not need: a guest may be hostile. */
export const qemuSandbox = ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'];
