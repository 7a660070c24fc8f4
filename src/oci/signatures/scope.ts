import { dirname } from 'node:path';
import type { ImageName } from './identity.ts';

/**
 * The scopes of a policy that an image falls into, the most specific first; the transport's own, "", is not among
 * them. As in containers-policy.json(5): for a registry the name with its tag or digest, the repository, its
 * namespaces, the host, and `*.DOMAIN` for each domain of the host; for layouts and archives the path and its parents.
 * @param name of an image in a registry
 * @param path of a layout or archive, absolute and without links
 */
export function scopesOf(image: { name: ImageName } | { path: string }): string[] {
  return 'path' in image ? pathScopes(image.path) : nameScopes(image.name);
}

function nameScopes({ repository, tag, digest }: ImageName): string[] {
  const scopes = [digest === undefined ? `${repository}:${tag ?? 'latest'}` : `${repository}@${digest}`, repository];
  let name = repository;
  for (let slash = name.lastIndexOf('/'); slash !== -1; slash = name.lastIndexOf('/')) {
    name = name.slice(0, slash);
    scopes.push(name);
  }
  // Wildcards are for domains: a port does not belong to one.
  let domain = name.replace(/:\d+$/, '');
  for (let dot = domain.indexOf('.'); dot !== -1; dot = domain.indexOf('.')) {
    domain = domain.slice(dot + 1);
    scopes.push(`*.${domain}`);
  }
  return scopes;
}

function pathScopes(path: string): string[] {
  const scopes: string[] = [];
  // "/" is no scope: that is the transport's own.
  for (let current = path; current !== dirname(current); current = dirname(current)) scopes.push(current);
  return scopes;
}
