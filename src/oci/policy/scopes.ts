import { realpath } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { isSystemError } from '../../lib/errors.ts';
import { isMissing } from '../../lib/if-exists.ts';
import { formatImageName, type ImageName, parseImageName } from '../image-name.ts';

// Scopes as in containers-policy.json(5):
// https://github.com/containers/image/blob/main/docs/containers-policy.json.5.md

/** How the scopes of a transport are written in a policy. */
export interface ScopeSyntax {
  /**
   * Says why no image can ever fall into a scope. Its requirements would hold for nothing, and those of the default would
   * count instead, without a message.
   * @param scope not ""
   * @returns `undefined` for a scope that may match
   */
  unmatchableReason(scope: string): string | undefined;
  /** The scope by which images are known: layouts and archives by their real path. It need not exist. */
  realScope?(scope: string): Promise<string>;
}

// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
const component = '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*';
const hostAndPath = new RegExp(String.raw`^([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?((/${component})*)$`);

/** Scopes that are names: an image with its tag or digest, a repository, a namespace, a host, `*.DOMAIN`. */
export const nameScopes: ScopeSyntax = { unmatchableReason: unmatchableName };

/** Scopes that are directories and files. */
export const pathScopes: ScopeSyntax = { unmatchableReason: unmatchablePath, realScope: realPathOf };

/** Of transports whose images a policy cannot tell apart. */
export const noScopes: ScopeSyntax = { unmatchableReason: () => 'can only have the scope ""' };

/** Of transports of which cosa knows no more than the name. */
export const unknownScopes: ScopeSyntax = { unmatchableReason: () => undefined };

/** The scopes that an image's name falls into, the most specific first. */
export function scopesOfName({ repository, tag, digest }: ImageName): string[] {
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

/**
 * The scopes that a path falls into, the most specific first.
 * @param path absolute and without links
 */
export function scopesOfPath(path: string): string[] {
  const scopes: string[] = [];
  // "/" is no scope: that is the transport's own.
  for (let current = path; current !== dirname(current); current = dirname(current)) scopes.push(current);
  return scopes;
}

function unmatchablePath(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must be an absolute path';
  if (path === '/') return 'matches nothing; write "" for everything';
  const normal = posix.normalize(path).replace(/\/$/, '');
  return normal === path ? undefined : `must be written ${normal}`;
}

function unmatchableName(scope: string): string | undefined {
  if (scope.startsWith('*.')) {
    return /^\*(\.[a-z0-9-]+)+$/.test(scope) ? undefined : 'must be *.DOMAIN, in lower case, without port or path';
  }
  const name = hostAndPath.exec(scope);
  if (name === null) {
    const parsed = parseImageName(scope);
    if (parsed !== undefined && (parsed.tag ?? parsed.digest) !== undefined) {
      const written = formatImageName(parsed);
      return written === scope ? undefined : `must be written ${written}`;
    }
    return hostAndPath.test(scope.toLowerCase())
      ? 'must be in lower case'
      : 'must be HOST[:PORT][/PATH], a name with tag or digest, or *.DOMAIN';
  }
  const [, host = '', port] = name;
  if (host === 'index.docker.io') return 'must be written docker.io';
  const isHost = port !== undefined || host.startsWith('[') || host.includes('.') || host === 'localhost';
  return isHost ? undefined : `must begin with a host: docker.io/${scope.includes('/') ? scope : `library/${scope}`}`;
}

/** Also of a path that is not there yet. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    // Where nothing can be looked up, nothing can be read either.
    if (path === dirname(path) || !(isMissing(error) || isSystemError(error, 'EACCES'))) return path;
    return join(await realPathOf(dirname(path)), basename(path));
  }
}
