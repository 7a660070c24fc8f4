/** Base architectures, as config files and lockfiles name them. */
export const baseArchitectures = ['x86_64', 'aarch64', 'ppc64le', 's390x', 'riscv64'] as const;
