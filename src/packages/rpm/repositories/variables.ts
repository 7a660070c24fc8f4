import type { PackageRequest } from '../../backend.ts';
import { invalidRepository, type RepositorySection } from './section.ts';

/** Gives the value of `$name`, or `undefined`. */
export type RepositoryVariables = (name: string) => string | undefined;

/**
 * The variables that `.repo` files may use: `repovars` and the manifest's own, `$releasever` with its parts, `$basearch`
 * and `$arch`.
 */
export function repositoryVariables({
  basearch,
  variables,
  repositoryVariables: own = {},
}: PackageRequest): RepositoryVariables {
  const known = new Map([...Object.entries(variables), ...Object.entries(own)]);
  known.set('basearch', basearch);
  known.set('arch', basearch);
  const [major, minor] = (known.get('releasever') ?? '').split('.');
  if (major !== undefined && major !== '') known.set('releasever_major', major);
  if (minor !== undefined) known.set('releasever_minor', minor);
  return (name) => known.get(name.toLowerCase()) ?? known.get(name);
}

/**
 * The value of an option with its variables replaced; `undefined` if the section does not have it.
 * @throws CosaError `REPOSITORY_INVALID` (exit 2) for a variable without a value
 */
export async function optionValue(
  { file, options }: RepositorySection,
  option: string,
  variables: RepositoryVariables,
): Promise<string | undefined> {
  const text = options.get(option);
  if (text === undefined) return undefined;
  const parts: string[] = [];
  let end = 0;
  for (const match of text.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)) {
    const name = match[1] ?? match[2] ?? '';
    const value = variables(name);
    if (value === undefined) {
      const hint = `give it one in the manifest: "${name === 'releasever' ? 'releasever: "42"' : `repovars: {${name}: …}`}"`;
      throw await invalidRepository(file, option, `${match[0]} has no value`, hint);
    }
    parts.push(text.slice(end, match.index), value);
    end = match.index + match[0].length;
  }
  return parts.join('') + text.slice(end);
}
