import { distributions } from '../distributions.ts';
import { hostMirror } from './host-apt.ts';

/**
 * The mirror that a variable of a repository file stands for where the config gives it no value: the machine's own.
 * @param name `mirror`, `mirror-security`, `ubuntu-mirror`: see `Distribution.mirrors`
 * @param variables the config's: an archive lies beside a mirror that they name, whatever this machine uses
 * @returns without a final slash; `undefined` if the variable is none for a mirror, or the machine has none
 */
export async function mirrorNamed(
  name: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  for (const distribution of distributions) {
    const archive = distribution.mirrors.find((candidate) => candidate.name === name);
    if (distribution.family !== 'deb' || archive === undefined) continue;
    const { adjacent } = archive;
    const named = adjacent && variables[adjacent.variable];
    const own = named === undefined ? await hostMirror(distribution, archive) : undefined;
    if (own !== undefined || adjacent === undefined) return own;
    const main = named ?? (await mirrorNamed(adjacent.variable));
    return main === undefined ? undefined : `${main.replace(/\/+$/, '')}${adjacent.suffix}`;
  }
  return undefined;
}
