import { readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireAccountsAlike, requireConsistency } from '../../src/config/consistency.ts';
import { loadImageSpecification } from '../../src/config/image.ts';
import { loadLockOverrides } from '../../src/config/lock-overrides.ts';
import { readOverlays } from '../../src/config/overlay.ts';
import { loadPlatforms } from '../../src/config/platforms.ts';
import { findRepositories } from '../../src/config/repositories.ts';
import { type LoadedTreefile, loadTreefile } from '../../src/config/treefile.ts';
import { nextVersion } from '../../src/flows/container/next-build/version.ts';
import type { ArchitectureName } from '../../src/lib/architecture.ts';
import { CosaError } from '../../src/lib/errors.ts';
import { readLockfile } from '../../src/packages/lockfile.ts';
import { mutateOsRelease } from '../../src/rootfs/steps/os-release.ts';
import { writeFiles } from './support.ts';

/** A config, and what it must come to, or that it is wrong. */
interface Case {
  name: string;
  files: Record<string, string>;
  expect: Record<string, unknown>;
  /** What is looked at; the flattened treefile unless told. */
  scope?: keyof typeof scopes;
  basearch?: ArchitectureName;
  vars?: Record<string, string | number | boolean>;
  /** Modes of files, octal. */
  modes?: Record<string, string>;
  date?: string;
  previous?: string;
  version?: string;
  'os-release'?: string;
  'mutate-os-release'?: string;
}

const cases = ['treefile.jsonl', 'rules.jsonl'].flatMap((name) =>
  readFileSync(join(import.meta.dirname, 'cases', name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Case),
);

type Facts = Readonly<Record<string, unknown>>;

async function treefileOf(base: string, { basearch = 'x86_64', vars }: Case): Promise<LoadedTreefile> {
  return loadTreefile(base, { basearch, variables: new Map(Object.entries(vars ?? {})) });
}

/** What each scope knows, by the names that expectations have. */
const scopes = {
  treefile: async (base: string, item: Case): Promise<Facts> => ({ ...(await treefileOf(base, item)).treefile }),
  config: async (base: string, item: Case): Promise<Facts> => {
    const loaded = await treefileOf(base, item);
    requireConsistency(loaded);
    requireAccountsAlike(loaded);
    return { ...loaded.treefile };
  },
  compose: async (base: string, item: Case): Promise<Facts> => ({ ...(await treefileOf(base, item)).treefile }),
  repos: async (base: string, item: Case): Promise<Facts> => {
    const loaded = await treefileOf(base, item);
    const { repositories } = await findRepositories(base, loaded, ['.sources', '.repo']);
    const namesOf = (wanted: string) => repositories.filter(({ use }) => use === wanted).map(({ name }) => name);
    return { 'repos#found': namesOf('all'), 'repos#locked': namesOf('locked') };
  },
  lock: async (base: string): Promise<Facts> => {
    const lock = await readLockfile(join(base, 'manifest-lock.x86_64.json'), { basearch: 'x86_64', family: 'rpm' });
    return { 'lock#packages': [...(lock?.pins.keys() ?? [])] };
  },
  overrides: async (base: string): Promise<Facts> => {
    const overrides = Object.entries(await loadLockOverrides(base, 'x86_64'));
    const evr = overrides.map(([name, entry]) => [name, entry.evr ?? entry.evra?.replace(/\.[^.]*$/, '')]);
    return { 'overrides#evr': Object.fromEntries(evr) as unknown };
  },
  version: async (base: string, item: Case): Promise<Facts> => {
    const { treefile } = await treefileOf(base, item);
    const rule = {
      prefix: treefile['automatic-version-prefix'] ?? '',
      suffix: treefile['automatic-version-suffix'] ?? '.',
    };
    const seconds = Date.parse(item.date ?? '') / 1000;
    return { version: nextVersion(rule, seconds, item.previous === undefined ? [] : [item.previous]) };
  },
  'os-release': (_: string, item: Case): Promise<Facts> => {
    const { version = '', 'mutate-os-release': replaced } = item;
    const text = mutateOsRelease(item['os-release'] ?? '', { osName: 'pond', version, mutateOsRelease: replaced });
    const lines = text.split('\n').map((line) => line.split('=', 2));
    return Promise.resolve({ 'os-release': Object.fromEntries(lines) as unknown });
  },
  image: async (base: string): Promise<Facts> => {
    const { specification } = await loadImageSpecification(base, 'stable');
    return Object.fromEntries(Object.entries(specification).map(([key, value]) => [`image#${key}`, value]));
  },
  platforms: async (base: string): Promise<Facts> => ({
    'platforms#names': Object.keys(await loadPlatforms(base, 'x86_64')),
  }),
  overlays: async (base: string, item: Case): Promise<Facts> => {
    const { treefile, positionOf } = await treefileOf(base, item);
    const overlays = await readOverlays(base, treefile['ostree-layers'], (layer) => positionOf('ostree-layers', layer));
    const modes = overlays.flatMap(({ entries }) =>
      entries.flatMap((entry) => (entry.type === 'file' ? [[entry.path, entry.mode.toString(8)]] : [])),
    );
    return {
      'overlays#names': overlays.map(({ name }) => name),
      'overlays#mode': Object.fromEntries(modes) as unknown,
    };
  },
};

function holds(facts: Facts, name: string, expected: unknown): void {
  const [key = '', question] = name in facts ? [name] : name.split('#');
  const value = facts[key];
  if (question === 'ok') expect(value).toBeDefined();
  else if (question === 'missing') expect(value).toBeUndefined();
  else if (question === 'endsWith') expect(String(value).endsWith(String(expected))).toBe(true);
  else if (question === 'type') expect(value).toMatchObject({ type: expected });
  else if (name === 'os-release') expect(value).toMatchObject(expected as object);
  else expect(value).toEqual(expected);
}

test.each(cases)('$name', async (item) => {
  const base = await writeFiles(item.files);
  for (const [file, mode] of Object.entries(item.modes ?? {})) await chmod(join(base, file), Number.parseInt(mode, 8));
  const outcome = await scopes[item.scope ?? 'treefile'](base, item).catch((error: unknown) => {
    if (error instanceof CosaError) return error;
    throw error;
  });
  if ('error' in item.expect) {
    expect(outcome).toMatchObject({ exitStatus: 2, where: { file: expect.stringContaining(base) as unknown } });
    return;
  }
  if (outcome instanceof CosaError) throw outcome;
  for (const [name, expected] of Object.entries(item.expect)) holds(outcome, name, expected);
});
