import type { Tool } from '../../src/exec/tools.ts';

// Other people's tools that read what we write and write what we read.

export const skopeo = peer('skopeo');
export const umoci = peer('umoci');
export const podman = peer('podman');
export const buildah = peer('buildah');
export const tar = peer('tar');
export const unsquashfs = peer('unsquashfs', 'squashfs-tools');

function peer(name: string, holder = name): Tool {
  return { name, packages: { deb: holder, rpm: holder }, purpose: 'reads what we write' };
}
