import { posix } from 'node:path';
import { formatImageName, parseImageName } from './identity.ts';

/**
 * Not a transport, but where a policy says by whom test results must be signed. Other readers of the file pass over transports
 * that they do not know, and refuse it for any other key that they do not know.
 */
export const verdictTransport = 'cosa-test-result';

/** Transports whose images cannot be told apart by a policy, as containers-policy.json(5) has it. */
const withoutScopes: readonly string[] = ['docker-archive', 'tarball', verdictTransport];
/** Transports whose scopes are directories and files. */
const withPaths: readonly string[] = ['oci', 'oci-archive', 'dir', 'sif'];
/** Those of which cosa knows no more than the name: other tools read the same file. */
const others: readonly string[] = ['docker', 'docker-daemon', 'containers-storage', 'atomic', 'ostree'];

export const policyTransports: readonly string[] = [...others, ...withPaths, ...withoutScopes];

// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pulling-manifests
const component = '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*';
const hostAndPath = new RegExp(String.raw`^([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?((/${component})*)$`);

/**
 * Says why no image can ever fall into a scope: then what it demands would be demanded of nobody, and the default
 * would count without a word.
 * @returns `undefined` for a scope that may match
 */
export function unmatchableReason(transport: string, scope: string): string | undefined {
  if (scope === '') return undefined;
  if (withoutScopes.includes(transport)) return 'can only have the scope ""';
  if (withPaths.includes(transport)) return unmatchablePath(scope);
  return transport === 'docker' ? unmatchableName(scope) : undefined;
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
