import { type Digest, isDigest } from '../lib/digest.ts';
import { type CosaError, usageError } from '../lib/errors.ts';
import { isTag } from './tag.ts';

/** Which image of a place is meant; with both the digest counts; neither tag nor digest: the only one there, or `latest` in a registry. */
interface Selector {
  tag?: string | undefined;
  digest?: Digest | undefined;
}

/** A parsed image reference, as people write it on the command line. */
export type Reference =
  | ({ transport: 'docker'; host: string; repository: string } & Selector)
  | ({ transport: 'oci'; directory: string } & Selector)
  | ({ transport: 'oci-archive'; file: string } & Selector)
  /** A tag, version or digest prefix in the work directory's `oci/`. */
  | { transport: 'local'; name: string };

// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
const repositoryPattern = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const hostPattern = /^([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?$/;

const forms =
  'docker://HOST/REPO[:TAG][@DIGEST], oci:DIR[:TAG|@DIGEST], oci-archive:FILE[:TAG], or a tag, version or digest prefix';

/**
 * Parses an image reference. Touches no file.
 * @throws CosaError `REFERENCE_INVALID` (exit 2), saying which part is wrong
 */
export function parseReference(text: string): Reference {
  const transport = /^(docker:\/\/|oci:|oci-archive:)/.exec(text)?.[0];
  if (transport === undefined) return parseLocal(text);
  const rest = text.slice(transport.length);
  if (rest === '') throw invalid(text, `nothing follows "${transport}"`);
  switch (transport) {
    case 'docker://':
      return parseDocker(text, rest);
    case 'oci:': {
      const { place, ...selector } = splitPath(text, rest);
      return { transport: 'oci', directory: place, ...selector };
    }
    default: {
      const { place, ...selector } = splitPath(text, rest);
      return { transport: 'oci-archive', file: place, ...selector };
    }
  }
}

/** True for a registry's host as it stands in references: a name or address, and a port if need be. */
export function isHost(text: string): boolean {
  return hostPattern.test(text);
}

/** The reference as a person would write it. */
export function formatReference(reference: Reference): string {
  const selector = ({ tag, digest }: Selector) =>
    `${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  switch (reference.transport) {
    case 'docker':
      return `docker://${reference.host}/${reference.repository}${selector(reference)}`;
    case 'oci':
      return `oci:${reference.directory}${selector(reference)}`;
    case 'oci-archive':
      return `oci-archive:${reference.file}${selector(reference)}`;
    case 'local':
      return reference.name;
  }
}

function parseLocal(text: string): Reference {
  if (isDigest(text) || isTag(text) || /^sha256:[0-9a-f]+$/.test(text)) return { transport: 'local', name: text };
  const [host = ''] = text.split('/');
  if (text.includes('/') && /:\d+$/.test(host) && isHost(host)) {
    throw usageError('REFERENCE_INVALID', `reference "${text}": nothing says that "${host}" is a registry`, {
      hint: `write docker://${text}`,
    });
  }
  const scheme = /^([a-z][a-z-]*):/.exec(text)?.[1];
  if (scheme !== undefined) throw invalid(text, `"${scheme}" is not a transport that cosa knows`);
  if (text.includes('/')) {
    throw usageError('REFERENCE_INVALID', `reference "${text}": a tag has no "/"`, {
      hint: `for a directory write oci:${text}${isHost(host) ? `; for a registry docker://${text}` : ''}`,
    });
  }
  throw invalid(text, text === '' ? 'it is empty' : 'it is no tag, version or digest prefix');
}

function parseDocker(text: string, rest: string): Reference {
  const slash = rest.indexOf('/');
  if (slash === -1) throw invalid(text, `"${rest}" has no "/" between host and repository`);
  const host = rest.slice(0, slash);
  if (!isHost(host)) throw invalid(text, `"${host}" is not a host name`);
  const named = splitSelector(text, rest.slice(slash + 1));
  // Of a tag with a digest the digest counts: the tag says what it was.
  const { place, ...selector } =
    named.digest === undefined ? named : { ...splitSelector(text, named.place), digest: named.digest };
  if (!repositoryPattern.test(place)) {
    throw invalid(text, `"${place}" is not a repository: lower-case letters, digits, ".", "_", "-" and "/"`);
  }
  return { transport: 'docker', host, repository: place, ...selector };
}

/** As {@link splitSelector}, but a path may well have a colon, and a slash behind it. */
function splitPath(text: string, rest: string): Selector & { place: string } {
  const colon = rest.lastIndexOf(':');
  if (!rest.includes('@sha256:') && rest.includes('/', colon)) return { place: rest };
  const split = splitSelector(text, rest);
  if (split.place === '') throw invalid(text, 'the path is empty');
  return split;
}

function splitSelector(text: string, rest: string): Selector & { place: string } {
  const at = rest.lastIndexOf('@');
  if (at !== -1) {
    const digest = rest.slice(at + 1);
    if (!isDigest(digest)) throw invalid(text, `"${digest}" is not a digest: sha256: and 64 hexadecimal digits`);
    return { place: rest.slice(0, at), digest };
  }
  const colon = rest.lastIndexOf(':');
  if (colon === -1) return { place: rest };
  const tag = rest.slice(colon + 1);
  if (!isTag(tag)) throw invalid(text, `"${tag}" is not a tag: letters, digits, "_", "." and "-", at most 128`);
  return { place: rest.slice(0, colon), tag };
}

function invalid(text: string, reason: string): CosaError {
  return usageError('REFERENCE_INVALID', `reference "${text}": ${reason}`, { hint: `write ${forms}` });
}
