import { sortByBytes } from '../../../lib/order.ts';
import type { RegistryScope } from '../client.ts';

/** What a token is good for, each action on its own: `repository:os/example:pull`. */
export type Grants = ReadonlySet<string>;

const actions = { pull: ['pull'], push: ['pull', 'push'], delete: ['delete', 'pull'] } as const;

/**
 * The grants that a request needs.
 * @param demanded the `scope` of a challenge, which may name more: scopes with spaces between
 */
export function grantsOf(scopes: readonly RegistryScope[], demanded = ''): Grants {
  const needed = scopes.flatMap(({ repository, access }) =>
    actions[access].map((action) => `repository:${repository}:${action}`),
  );
  const more = demanded
    .split(' ')
    .filter((scope) => /^[\x21-\x7e]+:[\x21-\x7e]+$/.test(scope))
    .flatMap((scope) => {
      const { resource, list } = splitScope(scope);
      return list.split(',').map((action) => `${resource}:${action}`);
    });
  return new Set([...needed, ...more]);
}

/** True if everything wanted is granted. */
export function covers(granted: Grants, wanted: Grants): boolean {
  return [...wanted].every((grant) => granted.has(grant));
}

/** As token services want to be asked: one scope a repository with its actions, `repository:os/example:pull,push`. */
export function formatScopes(grants: Grants): readonly string[] {
  const resources = new Map<string, string[]>();
  for (const grant of sortByBytes(grants)) {
    const { resource, list } = splitScope(grant);
    resources.set(resource, [...(resources.get(resource) ?? []), list]);
  }
  return [...resources].map(([resource, list]) => `${resource}:${list.join(',')}`);
}

/** A resource's name may have colons itself, as in `repository:registry.test:5000/os:pull`. */
function splitScope(scope: string): { resource: string; list: string } {
  const colon = scope.lastIndexOf(':');
  return { resource: scope.slice(0, colon), list: scope.slice(colon + 1) };
}
