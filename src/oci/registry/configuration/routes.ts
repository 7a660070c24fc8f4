import { CosaError } from '../../../lib/errors.ts';
import type { Mirror, RegistryRule } from './registries-conf.ts';
import { serverOf } from './server.ts';

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
  const [match] = rules
    .flatMap((rule) => {
      const rest = restOf(rule, serverOf(host), repository);
      return rest === undefined ? [] : [{ rule, rest }];
    })
    .sort((a, b) => specificity(b.rule) - specificity(a.rule));
  if (match === undefined) {
    const source = { host, repository, insecure: false };
    return { mirrors: [], reading: source, writing: source };
  }
  const { rule, rest } = match;
  if (rule.blocked) {
    throw new CosaError('REGISTRY_BLOCKED', `docker://${name}: ${rule.prefix} is blocked by ${rule.file}`, {
      hint: 'use another registry, or have that rule changed',
    });
  }
  return {
    mirrors: rule.mirrors.map((mirror) => ({
      ...sourceAt(`${mirror.location}${rest}`, mirror.insecure),
      pull: mirror.pull,
    })),
    reading: sourceAt(rule.location === undefined ? name : `${rule.location}${rest}`, rule.insecure),
    writing: { host, repository, insecure: rule.insecure },
  };
}

/** The longest prefix counts; of two that are as long, the one that names a host. */
function specificity({ prefix }: RegistryRule): number {
  return prefix.startsWith('*.') ? prefix.length - 0.5 : prefix.length;
}

/**
 * What follows the prefix in a repository's name: empty, or with a slash before it; `undefined` if the rule is for others.
 * @param server as {@link serverOf} writes it
 */
function restOf({ prefix, blocked }: RegistryRule, server: string, repository: string): string | undefined {
  const [host = '', ...components] = prefix.split('/');
  const path = components.join('/');
  const isWildcard = host.startsWith('*.');
  const fits = (name: string) => (isWildcard ? name.endsWith(host.slice(1)) : name === host);
  // A domain is all of its ports. A host that is blocked shall not be reached by another port either.
  const isCovered = (isWildcard || blocked) && fits(server.replace(/:\d+$/, ''));
  if (!fits(server) && !isCovered) return undefined;
  if (path === '') return `/${repository}`;
  return repository === path || repository.startsWith(`${path}/`) ? repository.slice(path.length) : undefined;
}

function sourceAt(name: string, insecure: boolean): Source {
  const slash = name.indexOf('/');
  return { host: name.slice(0, slash), repository: name.slice(slash + 1), insecure };
}
