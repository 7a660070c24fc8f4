import { access, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Reference } from './reference.ts';
import { isTag } from './tag.ts';

/**
 * Understands a reference to files as skopeo, podman and containerd write it when the name in them is no tag but a whole
 * name: `oci:DIR:registry.example.com/foo/bar:1.2`. For them a path ends at its first colon; for us it may have colons, so
 * that what lies there decides.
 * @param workDirectory what relative paths start from
 * @returns `undefined` for every other reference
 */
export async function referenceByName(text: string, workDirectory: string): Promise<Reference | undefined> {
  const [, transport, rest = ''] = /^(oci|oci-archive):(?!\/\/)(.+)$/s.exec(text) ?? [];
  if (transport === undefined || rest.includes('@sha256:')) return undefined;
  for (let colon = rest.indexOf(':'); colon !== -1; colon = rest.indexOf(':', colon + 1)) {
    const [path, name] = [rest.slice(0, colon), rest.slice(colon + 1)];
    if (path === '' || name === '' || isTag(name)) continue;
    const place = resolve(workDirectory, path);
    if (transport === 'oci' && (await isThere(join(place, 'oci-layout')))) {
      return { transport: 'oci', directory: path, tag: name };
    }
    if (transport === 'oci-archive' && (await isFile(place)))
      return { transport: 'oci-archive', file: path, tag: name };
  }
  return undefined;
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
