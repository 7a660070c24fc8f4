import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SolverAnswer, type SolverRequest, solve } from '../../src/packages/rpm/solver.ts';
import { readableProblem } from '../../src/packages/rpm/solver-messages.ts';
import { debianRoot, runInside } from '../helpers/debian-root.ts';
import { buildRpm } from '../helpers/rpm-packages.ts';
import { type RpmRepository, serveRpmRepository } from '../helpers/rpm-repository.ts';

// Both generations of dnf's libraries choose the same: the machine's, and dnf 5 of a Debian that has it.

describe('the solvers of dnf 4 and dnf 5', () => {
  let repository: RpmRepository;
  let root: string;
  let override: string;
  let programs: string;

  beforeAll(async () => {
    root = await debianRoot({
      suite: 'sid',
      packages: ['python3-libdnf5', 'python3', 'dnf5', 'rpm'],
      state: 'unpacked',
    });
    repository = await serveRpmRepository(
      [
        { name: 'editor', version: '2.0', requires: ['library >= 1.0', '(extra if library)'], recommends: ['spell'] },
        { name: 'library' },
        { name: 'library', version: '1.5' },
        { name: 'extra', provides: ['virtual = 3'] },
        { name: 'spell' },
        { name: 'broken', requires: ['nowhere >= 3'] },
        { name: 'clash', conflicts: ['library'] },
        { name: 'needs-file', requires: ['/usr/share/spell'] },
        { name: 'armed', architecture: 'aarch64' },
      ],
      { sign: false },
    );
    const overrides = join(repository.directory, 'overrides');
    await mkdir(overrides);
    override = await buildRpm({ name: 'library', version: '9.0' }, overrides);
    programs = join(repository.directory, 'programs');
    await cp(resolve(import.meta.dirname, '../../src/packages/rpm/solver'), programs, { recursive: true });
  }, 600_000);
  afterAll(() => repository[Symbol.asyncDispose]());

  async function request(of: 'dnf4' | 'dnf5', change: Partial<SolverRequest>): Promise<SolverRequest> {
    const directories = { cache: '', state: '', root: '' };
    for (const name of ['cache', 'state', 'root'] as const) {
      directories[name] = join(repository.directory, of, name);
      await rm(directories[name], { recursive: true, force: true });
      await mkdir(directories[name], { recursive: true });
    }
    const local = {
      id: 'local',
      directory: join(repository.directory, 'repo'),
      ...{ priority: 99, cost: 1000, includes: [], excludes: [], moduleHotfixes: false, lockedOnly: false },
    };
    return {
      ...directories,
      ...{ architecture: 'x86_64', release: '42', modulePlatform: null, recommends: true, exclude: [], packages: [] },
      ...{ repositories: [local], repositoryPackages: [], pins: {}, pinnedOnly: false, overrides: [], ...change },
    };
  }

  async function both(change: Partial<SolverRequest>): Promise<unknown[]> {
    const four = await solve(await request('dnf4', change), new AbortController().signal);
    const input = JSON.stringify({ ...(await request('dnf5', change)), memory: 2 ** 32, seconds: 600 });
    const command = ['/usr/bin/python3', '-I', '-B', join(programs, 'solve.py'), 'libdnf5'];
    const { stdout, stderr } = await runInside(root, command, { input, shared: [repository.directory] });
    const line = stdout.trim().split('\n').at(-1) ?? '';
    if (line === '') throw new Error(stderr);
    return [four, JSON.parse(line) as SolverAnswer].map(comparable);
  }

  /** Problems are told in other words by each; packages in another order. */
  function comparable(answer: SolverAnswer): unknown {
    if ('packages' in answer) {
      const key = ({ name, version }: { name: string; version: string }) => `${name} ${version}`;
      return { ...answer, packages: answer.packages.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)) };
    }
    if (!('problems' in answer)) return answer;
    const lines = answer.problems.flat().flatMap((text) => text.split('\n').map(readableProblem));
    return [...new Set(lines)].filter((line) => line !== 'conflicting requests').sort();
  }

  test.each<[string, Partial<SolverRequest>, readonly string[] | undefined]>([
    [
      'what is needed and recommended',
      { packages: ['editor'] },
      ['editor 2.0-1', 'extra 1.0-1', 'library 1.5-1', 'spell 1.0-1'],
    ],
    [
      'no recommendations',
      { packages: ['editor'], recommends: false },
      ['editor 2.0-1', 'extra 1.0-1', 'library 1.5-1'],
    ],
    [
      'provides, paths and globs',
      { packages: ['virtual >= 2', '/usr/share/spell', 'lib*'] },
      ['extra 1.0-1', 'library 1.5-1', 'spell 1.0-1'],
    ],
    [
      'a pin',
      { packages: ['library'], pins: { library: { version: '1.0-1', architecture: 'noarch' } } },
      ['library 1.0-1'],
    ],
    ['a file that only the list of files names', { packages: ['needs-file'] }, ['needs-file 1.0-1', 'spell 1.0-1']],
    ['another architecture', { packages: ['armed'], architecture: 'aarch64' }, ['armed 1.0-1']],
    ['one repository', { repositoryPackages: [{ repository: 'local', packages: ['spell'] }] }, ['spell 1.0-1']],
    ['what nothing provides', { packages: ['broken'] }, undefined],
    ['a conflict', { packages: ['clash', 'library'] }, undefined],
    ['what is left out', { packages: ['editor'], exclude: ['library'] }, undefined],
    ['unknown names', { packages: ['editer', 'library'], exclude: ['library'] }, undefined],
  ])('agree about %s', async (_, change, expected) => {
    const [four, five] = await both(change);
    expect(five).toEqual(four);
    if (expected === undefined) return void expect(four).not.toHaveProperty('packages');
    const { packages } = four as Extract<SolverAnswer, { packages: unknown }>;
    expect(packages.map(({ name, version }) => `${name} ${version}`)).toEqual(expected);
  });

  test('agree about a local package', async () => {
    const answers = (await both({ packages: ['library'], overrides: [override] })) as Extract<
      SolverAnswer,
      { packages: unknown }
    >[];
    for (const { packages } of answers) expect(packages.map(({ version }) => version)).toEqual(['9.0-1']);
  });

  test('of dnf 4 hides what other streams of modules have, and what has their names; dnf 5 says that it cannot', async () => {
    const modular = await serveRpmRepository(
      ['1.0', '2.0', '3.0'].map((version) => ({ name: 'server', version })),
      { sign: false },
    );
    try {
      const stream = (name: string) =>
        [
          'document: modulemd\nversion: 2\ndata:\n  name: server',
          `  stream: "${name}"\n  version: 1\n  context: c0ffee\n  arch: x86_64\n  summary: S\n  description: D`,
          '  license: {module: [MIT]}\n  dependencies: [{requires: {platform: [f42]}}]',
          `  artifacts: {rpms: ["server-0:${name}.0-1.noarch"]}`,
        ].join('\n');
      const defaults = 'document: modulemd-defaults\nversion: 1\ndata: {module: server, stream: "1"}';
      const modules = [stream('1'), stream('2'), defaults].map((text) => `---\n${text}\n...\n`).join('');
      await modular.index({ modules });
      const [local] = (await request('dnf4', {})).repositories;
      if (local === undefined) throw new Error('no repository');
      await cp(modular.packages, join(repository.directory, 'modular'), { recursive: true });
      const versions = async (moduleHotfixes: boolean) => {
        const repositories = [{ ...local, directory: join(repository.directory, 'modular'), moduleHotfixes }];
        const answers = await both({ packages: ['server'], modulePlatform: 'platform:f42', repositories });
        return (answers as SolverAnswer[]).map((answer) =>
          'packages' in answer ? answer.packages.map(({ version }) => version) : answer,
        );
      };
      expect(await versions(false)).toEqual([['1.0-1'], { modular: ['local'] }]);
      expect(await versions(true)).toEqual([['3.0-1'], ['3.0-1']]);
    } finally {
      await modular[Symbol.asyncDispose]();
    }
  });

  test('agree about taking nothing but what has a pin', async () => {
    const pins = {
      library: { version: '1.0-1', architecture: 'noarch' },
      editor: { version: '2.0-1', architecture: null },
    };
    const [four, five] = await both({ packages: ['editor'], recommends: false, pins, pinnedOnly: true });
    expect(five).toEqual(four);
    // It needs what has none.
    expect(four).not.toHaveProperty('packages');
    const [chosen, same] = (await both({ packages: ['library'], pins, pinnedOnly: true })) as Extract<
      SolverAnswer,
      { packages: unknown }
    >[];
    expect(same).toEqual(chosen);
    expect(chosen?.packages.map(({ version }) => version)).toEqual(['1.0-1']);
  });

  test('say that they cannot read what is no index', async () => {
    const directory = join(repository.directory, 'broken');
    await mkdir(join(directory, 'repodata'), { recursive: true });
    await writeFile(join(directory, 'repodata/repomd.xml'), 'x');
    const [local] = (await request('dnf4', {})).repositories;
    if (local === undefined) throw new Error('no repository');
    const asked = await request('dnf4', { packages: ['editor'], repositories: [{ ...local, directory }] });
    expect(await solve(asked, new AbortController().signal)).toEqual({
      failure: expect.stringContaining('local') as string,
    });
  });
});
