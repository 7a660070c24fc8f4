import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Place } from '../place.ts';
import { pathScopes, scopesOfPath } from '../policy/scopes.ts';
import { formatSelector, type Refuse, type Selector, splitSelector } from '../selector.ts';
import { isTag } from '../tag.ts';
import type { Reference, Transport } from './transport.ts';

/** A transport whose places are paths, and what it has of its own. */
export interface PathTransport {
  name: string;
  form: string;
  /** True if a place lies there. */
  isPlace(path: string): Promise<boolean>;
  /** @param path absolute */
  placeAt(path: string): Place;
}

/** Makes a transport of places that are paths: `NAME:PATH[:TAG|@DIGEST]`. */
export function pathTransport({ name, form, isPlace, placeAt }: PathTransport): Transport {
  const referenceTo = (path: string, selector: Selector): Reference => ({
    ...selector,
    placeIn: (workDirectory) => placeAt(resolve(workDirectory, path)),
  });

  /**
   * Understands a name that is no tag but a whole name, as skopeo, podman and containerd write it:
   * `NAME:PATH:registry.example.com/foo/bar:1.2`. For them a path ends at its first colon; for us it may have colons, so
   * that what lies there decides.
   */
  async function findByName(text: string, workDirectory: string): Promise<Reference | undefined> {
    if (text.startsWith('//') || text.includes('@sha256:')) return undefined;
    for (let colon = text.indexOf(':'); colon !== -1; colon = text.indexOf(':', colon + 1)) {
      const [path, tag] = [text.slice(0, colon), text.slice(colon + 1)];
      if (path === '' || tag === '' || isTag(tag)) continue;
      if (await isPlace(resolve(workDirectory, path))) return referenceTo(path, { tag });
    }
    return undefined;
  }

  return {
    name,
    prefix: `${name}:`,
    form,
    scopes: pathScopes,
    parse(text, refuse) {
      const { path, ...selector } = splitPath(text, refuse);
      return referenceTo(path, selector);
    },
    findByName,
  };
}

/** As {@link splitSelector}, but a path may well have a colon, and a slash behind it. */
function splitPath(text: string, refuse: Refuse): Selector & { path: string } {
  const colon = text.lastIndexOf(':');
  if (!text.includes('@sha256:') && text.includes('/', colon)) return { path: text };
  const { before: path, ...selector } = splitSelector(text, refuse);
  if (path === '') throw refuse('the path is empty');
  return { path, ...selector };
}

/** What places have in common that are paths. */
export function pathPlace(
  transport: string,
  path: string,
): Pick<Place, 'transport' | 'format' | 'policyScopes' | 'setsTagsAtomically'> {
  return {
    transport,
    format: (selector = {}) => `${transport}:${path}${formatSelector(selector)}`,
    policyScopes: async () => scopesOfPath(await realpath(path)),
    setsTagsAtomically: true,
  };
}
