import { join } from 'node:path';
import { maximumConfigBytes, type YamlFile } from '../lib/document/yaml.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { readTextIfExists } from '../lib/text-file.ts';
import type { Fragment } from './fragment.ts';
import type { TreefileValues } from './treefile-keys.ts';

/** The arguments of a container build that a config of since 2025 is made for: `build-args.conf`. */
export interface BuildArguments {
  path: string;
  values: ReadonlyMap<string, { value: string; line: number }>;
}

/**
 * Reads lines `NAME=VALUE`, with `#` comments, as `podman build --build-arg-file` does; quotes around a value are none of it.
 * @returns `undefined` if there is no such file
 * @throws CosaError `CONFIG_SYNTAX` (exit 2) with the line
 */
export async function readBuildArguments(base: string, name: string): Promise<BuildArguments | undefined> {
  const path = join(base, name);
  const text = await readTextIfExists(path, maximumConfigBytes, { file: path });
  if (text === undefined) return undefined;
  const values = new Map<string, { value: string; line: number }>();
  for (const [index, whole] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = whole.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, key, quoted, plain] = /^([A-Za-z_]\w*)=(?:(["'].*["'])|(.*))$/.exec(line) ?? [];
    if (key === undefined) {
      throw usageError('CONFIG_SYNTAX', `this is not a file of build arguments: "${line}" is no NAME=VALUE`, {
        where: { file: path, line: index + 1, column: 1 },
      });
    }
    values.set(key, { value: quoted?.slice(1, -1) ?? plain ?? '', line: index + 1 });
  }
  return { path, values };
}

/** A build argument's value; one that is empty counts as none. */
export function argument(build: BuildArguments | undefined, name: string): string | undefined {
  const value = build?.values.get(name)?.value;
  return value === '' ? undefined : value;
}

/**
 * What the arguments say in terms of a treefile: variables and the release, which are stronger than the manifest, and what
 * it may say better itself. The names of the variables are those that the configs use.
 */
export function argumentFragments(build: BuildArguments, base: string): { stronger: Fragment; weaker: Fragment } {
  const get = (name: string) => argument(build, name);
  const version = get('VERSION');
  const [release = '', minor = '0'] = (version ?? '').split('.');
  const id = get('ID');
  const strong: [keyof TreefileValues, unknown, string][] = [
    [
      'variables',
      {
        deriving: true,
        ...(id === undefined ? {} : { id }),
        ...(get('STREAM') === undefined ? {} : { stream: get('STREAM') }),
        ...(id === undefined || version === undefined
          ? {}
          : { osversion: id === 'rhel' ? `${id}-${release}.${minor}` : `${id}-${release}` }),
      },
      'ID',
    ],
  ];
  if (/^\d+$/.test(release)) strong.push(['releasever', Number(release), 'VERSION']);
  const weak: [keyof TreefileValues, unknown, string][] = [];
  const [name, description] = [get('NAME'), get('DESCRIPTION')];
  if (name !== undefined || description !== undefined) {
    const metadata = {
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { summary: description }),
    };
    weak.push(['metadata', metadata, 'NAME']);
  }
  if (version !== undefined) weak.push(['automatic-version-prefix', version, 'VERSION']);
  const replaced = get('MUTATE_OS_RELEASE');
  if (replaced !== undefined) weak.push(['mutate-os-release', replaced, 'MUTATE_OS_RELEASE']);
  const directory = get('PASSWD_GROUP_DIR');
  if (directory !== undefined) {
    weak.push(
      ['check-passwd', { type: 'file', filename: join(directory, 'passwd') }, 'PASSWD_GROUP_DIR'],
      ['check-groups', { type: 'file', filename: join(directory, 'group') }, 'PASSWD_GROUP_DIR'],
    );
  }
  return { stronger: fragmentOf(build, base, strong), weaker: fragmentOf(build, base, weak) };
}

const memberArguments: Readonly<Record<string, string>> = {
  stream: 'STREAM',
  osversion: 'VERSION',
  name: 'NAME',
  summary: 'DESCRIPTION',
};

function fragmentOf(build: BuildArguments, base: string, entries: [keyof TreefileValues, unknown, string][]): Fragment {
  const names = new Map<PropertyKey, string>(entries.map(([key, , name]) => [key, name]));
  const position = ([key, member]: readonly PropertyKey[]): SourcePosition => {
    const name = memberArguments[String(member)] ?? names.get(key ?? '') ?? '';
    return { file: build.path, line: build.values.get(name)?.line ?? 1, column: 1 };
  };
  const values: TreefileValues = Object.fromEntries(entries.map(([key, value]) => [key, value]));
  const file: YamlFile = { path: build.path, value: values, valuePosition: position, keyPosition: position };
  const places = new Map(entries.map(([key]) => [key as string, { path: [key] }]));
  return { file, directory: base, values, places };
}
