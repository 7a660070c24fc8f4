import type { Digest } from '../lib/digest.ts';
import { CosaError, usageError } from '../lib/errors.ts';
import { type Refuse, type Selector, splitSelector } from './selector.ts';

/** An image's name, in the fully expanded form: `docker.io/library/busybox`, never `busybox`. */
export interface ImageName {
  /** Host and repository. */
  repository: string;
  tag?: string | undefined;
  digest?: Digest | undefined;
}

// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
const repositoryPattern = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const hostPattern = /^([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?$/;

/** True for a registry's host as it stands in references: a name or address, and a port if need be. */
export function isHost(text: string): boolean {
  return hostPattern.test(text);
}

/**
 * Takes `HOST/REPOSITORY[:TAG][@DIGEST]` apart, as it is written.
 * @throws what `refuse` makes
 */
export function splitImageName(text: string, refuse: Refuse): Selector & { host: string; repository: string } {
  const slash = text.indexOf('/');
  if (slash === -1) throw refuse(`"${text}" has no "/" between host and repository`);
  const host = text.slice(0, slash);
  if (!isHost(host)) throw refuse(`"${host}" is not a host name`);
  const named = splitSelector(text.slice(slash + 1), refuse);
  const { before: repository, ...selector } =
    named.digest === undefined ? named : { ...splitSelector(named.before, refuse), digest: named.digest };
  if (!repositoryPattern.test(repository)) {
    throw refuse(`"${repository}" is not a repository: lower-case letters, digits, ".", "_", "-" and "/"`);
  }
  return { host, repository, ...selector };
}

/**
 * Reads a name as it stands in signatures and policies, and expands it as Docker does.
 * @returns `undefined` if it is none
 */
export function parseImageName(text: string): ImageName | undefined {
  try {
    const { host, repository, ...selector } = splitImageName(expanded(text), (reason) =>
      usageError('REFERENCE_INVALID', reason),
    );
    return { repository: `${host}/${repository}`, ...selector };
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
  const first = slash === -1 ? '' : inOneForm(text.slice(0, slash));
  const hasRegistry = isRegistry(first);
  const host = !hasRegistry || first === 'index.docker.io' ? 'docker.io' : first;
  const rest = hasRegistry ? text.slice(slash + 1) : text;
  return host === 'docker.io' && !rest.includes('/') ? `${host}/library/${rest}` : `${host}/${rest}`;
}

/**
 * Hosts are the same however they are written; policies and signatures compare names letter by letter. One that only a
 * capital tells from a namespace keeps it.
 */
function inOneForm(host: string): string {
  const lower = host.toLowerCase();
  return isRegistry(lower) ? lower : host;
}

/** Without a dot, a colon or a capital, what stands before the first slash is a namespace on Docker's own registry. */
function isRegistry(first: string): boolean {
  return /[.:A-Z]/.test(first) || first === 'localhost';
}
