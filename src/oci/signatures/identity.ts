import type { Digest } from '../../lib/digest.ts';
import { CosaError } from '../../lib/errors.ts';
import { parseReference } from '../reference.ts';

/** An image's name, in the fully expanded form: `docker.io/library/busybox`, never `busybox`. */
export interface ImageName {
  /** Host and repository. */
  repository: string;
  tag?: string | undefined;
  digest?: Digest | undefined;
}

/**
 * Reads a name as it stands in signatures and policies, and expands it as Docker does.
 * @returns `undefined` if it is none
 */
export function parseImageName(text: string): ImageName | undefined {
  try {
    const reference = parseReference(`docker://${expanded(text)}`);
    if (reference.transport !== 'docker') return undefined;
    const { host, repository, tag, digest } = reference;
    // Hosts are the same however they are written; policies and signatures compare names letter by letter.
    return { repository: `${host.toLowerCase()}/${repository}`, tag, digest };
  } catch (error) {
    if (error instanceof CosaError) return undefined;
    throw error;
  }
}

export function formatImageName({ repository, tag, digest }: ImageName): string {
  return digest !== undefined ? `${repository}@${digest}` : tag !== undefined ? `${repository}:${tag}` : repository;
}

function expanded(text: string): string {
  const slash = text.indexOf('/');
  const first = slash === -1 ? '' : text.slice(0, slash);
  // Without a dot, a colon or a capital it is a namespace on Docker's own registry.
  const isHost = /[.:A-Z]/.test(first) || first === 'localhost';
  const host = !isHost || first === 'index.docker.io' ? 'docker.io' : first;
  const rest = isHost ? text.slice(slash + 1) : text;
  return host === 'docker.io' && !rest.includes('/') ? `${host}/library/${rest}` : `${host}/${rest}`;
}

/** Which names a signature may have been made under, as in containers-policy.json(5). */
export type IdentityRule =
  | { type: 'matchExact' | 'matchRepoDigestOrExact' | 'matchRepository' }
  | { type: 'exactReference'; dockerReference: string }
  | { type: 'exactRepository'; dockerRepository: string }
  | { type: 'remapIdentity'; prefix: string; signedPrefix: string };

/**
 * Says why a name that was signed is not accepted.
 * @param image the name by which the image was asked for; `undefined` for one that has none, in a layout or archive
 * @returns `undefined` if it is accepted
 */
export function refuseIdentity(rule: IdentityRule, image: ImageName | undefined, signed: string): string | undefined {
  const name = parseImageName(signed);
  const wanted = wantedName(rule, image);
  if (wanted === undefined) return `an image without a name was asked for, which ${rule.type} cannot compare`;
  if (name !== undefined && matches(rule, wanted, name)) return undefined;
  return `it is for "${signed}", not for ${describe(rule, wanted)}`;
}

function wantedName(rule: IdentityRule, image: ImageName | undefined): ImageName | undefined {
  switch (rule.type) {
    case 'exactReference':
      return parseImageName(rule.dockerReference);
    case 'exactRepository':
      return parseImageName(rule.dockerRepository);
    case 'remapIdentity':
      return image === undefined ? undefined : remapped(image, rule);
    default:
      return image;
  }
}

function remapped(image: ImageName, { prefix, signedPrefix }: { prefix: string; signedPrefix: string }): ImageName {
  const { repository } = image;
  if (repository !== prefix && !repository.startsWith(`${prefix}/`)) return image;
  return { ...image, repository: `${signedPrefix}${repository.slice(prefix.length)}` };
}

function matches({ type }: IdentityRule, wanted: ImageName, signed: ImageName): boolean {
  if (signed.repository !== wanted.repository) return false;
  if (type === 'matchRepository' || type === 'exactRepository') return true;
  const hasSelector = signed.tag !== undefined || signed.digest !== undefined;
  // By digest, the image is the right one whatever it is tagged; the signature is for this digest too.
  const byDigest = wanted.digest !== undefined && type !== 'matchExact' && type !== 'exactReference';
  return hasSelector && (byDigest || formatImageName(signed) === formatImageName(wanted));
}

function describe({ type }: IdentityRule, wanted: ImageName): string {
  return type === 'matchRepository' || type === 'exactRepository'
    ? `the repository ${wanted.repository}`
    : `${formatImageName(wanted)} (${type})`;
}
