import { CosaError } from '../../../lib/errors.ts';
import type { Mirror, RegistryRule } from './registries-conf.ts';

/** A repository at the place where it really lies. */
export interface Source {
  host: string;
  repository: string;
  insecure: boolean;
}

/** Where a repository is read from and written to. */
export interface Route {
  /** Tried for reading before the others, in this order. */
  mirrors: readonly (Source & { pull: Mirror['pull'] })[];
  /** Where it is read from if no mirror has it. */
  reading: Source;
  /** Always the registry that the reference names. */
  writing: Source;
}

/**
 * Finds the way to a repository, by the rule with the longest prefix that fits.
 * @throws CosaError `REGISTRY_BLOCKED` (exit 1)
 */
export function routeOf(rules: readonly RegistryRule[], host: string, repository: string): Route {
  const name = `${host}/${repository}`;
  const [rule] = rules
    .filter(({ prefix }) => matchLength(prefix, host, name) > 0)
    .sort((a, b) => b.prefix.length - a.prefix.length);
  if (rule === undefined) {
    const source = { host, repository, insecure: false };
    return { mirrors: [], reading: source, writing: source };
  }
  if (rule.blocked) {
    throw new CosaError('REGISTRY_BLOCKED', `docker://${name}: ${rule.prefix} is blocked by ${rule.file}`, {
      hint: 'use another registry, or have that rule changed',
    });
  }
  const rest = name.slice(matchLength(rule.prefix, host, name));
  return {
    mirrors: rule.mirrors.map((mirror) => ({
      ...sourceAt(`${mirror.location}${rest}`, mirror.insecure),
      pull: mirror.pull,
    })),
    reading: sourceAt(rule.location === undefined ? name : `${rule.location}${rest}`, rule.insecure),
    writing: { host, repository, insecure: rule.insecure },
  };
}

/** How much of the name the prefix stands for; 0 if it does not fit. */
function matchLength(prefix: string, host: string, name: string): number {
  if (prefix.startsWith('*.')) return host.endsWith(prefix.slice(1)) ? host.length : 0;
  return name === prefix || name.startsWith(`${prefix}/`) ? prefix.length : 0;
}

function sourceAt(name: string, insecure: boolean): Source {
  const slash = name.indexOf('/');
  return { host: name.slice(0, slash), repository: name.slice(slash + 1), insecure };
}
