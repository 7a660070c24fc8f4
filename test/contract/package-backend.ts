import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lockfile } from '../../src/contract/lockfile.ts';
import { formatLockfile, parseLockfile } from '../../src/contract/lockfile.ts';
import { sha256Hex } from '../../src/lib/digest.ts';
import type { BackendContext, PackageBackend, PackageRequest } from '../../src/packages/backend.ts';
import { silentReporter } from '../../src/progress/reporter.ts';

/**
 * A repository that a family's own test sets up, with these packages, all in version 1.0 but for `editor`:
 * `editor` 2.0 needs `library`; `library` comes from the source package `toolkit`; `broken` needs `nowhere`, which
 * does not exist; `extra` needs nothing.
 */
export interface ContractRepository extends AsyncDisposable {
  /** A request for no package yet; with a signed repository. */
  request: PackageRequest;
  /** The same repository, with a key that did not sign it. */
  wrongKey: PackageRequest['repositories'];
  /** A repository at an address where nobody listens. */
  unreachable: PackageRequest['repositories'];
  /** Changes one byte of the served file of a package, without signing anew. */
  corrupt(name: string): Promise<void>;
  /** Takes a package's file away. */
  remove(name: string): Promise<void>;
  /** Builds a local package file of `extra` in version 9.0 and returns its path. */
  buildOverride(): Promise<string>;
}

/** What every package family must do, whatever its formats. Installing needs a whole distribution: see test/integration. */
export function packageBackendContract(backend: PackageBackend, setUp: () => Promise<ContractRepository>): void {
  describe(`the package backend of the family ${backend.family}`, () => {
    let repository: ContractRepository;
    let cacheDirectory: string;
    let context: BackendContext;

    beforeAll(async () => {
      repository = await setUp();
      cacheDirectory = await mkdtemp(join(tmpdir(), 'cosa-cache-'));
      context = { cacheDirectory, reporter: silentReporter() };
    });
    afterAll(async () => {
      await repository[Symbol.asyncDispose]();
      await rm(cacheDirectory, { recursive: true });
    });

    function requestFor(packages: readonly string[], change: Partial<PackageRequest> = {}): PackageRequest {
      return { ...repository.request, packages, ...change };
    }
    function names(lock: Lockfile): string[] {
      return lock.packages.map(({ name, version }) => `${name} ${version}`);
    }

    test('gives each package an address that names it', async () => {
      const lock = await backend.resolve(requestFor(['library']), context);
      const [library] = lock.packages;
      if (library === undefined) throw new Error('no package was chosen');
      expect(backend.packageUrl(library, lock, {})).toMatch(new RegExp(`^pkg:${backend.family}/[a-z]+/library@1\\.0`));
    });

    test('chooses what is asked for and what that needs, with everything to fetch it again', async () => {
      const lock = await backend.resolve(requestFor(['editor']), context);
      expect(names(lock).map((line) => line.replace(/-1$/, ''))).toEqual(['editor 2.0', 'library 1.0']);
      const library = lock.packages.find(({ name }) => name === 'library');
      expect(library).toMatchObject({ source: 'toolkit', repository: repository.request.repositories[0]?.name });
      expect(library?.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(lock.repositoryTimestamp).toBeGreaterThan(1_700_000_000);
      expect(parseLockfile(formatLockfile(lock), 'lock')).toEqual(lock);
    });

    test('chooses the same again', async () => {
      const request = requestFor(['extra', 'editor']);
      expect(await backend.resolve(request, context)).toEqual(await backend.resolve(request, context));
    });

    test('downloads by hash, and nothing that is there', async () => {
      const request = requestFor(['editor']);
      const lock = await backend.resolve(request, context);
      const packages = join(cacheDirectory, 'packages');
      {
        await using _held = await backend.download(request, lock, context);
      }
      const files = (await readdir(packages)).filter((name) => !name.startsWith('.'));
      expect(files).toHaveLength(2);
      for (const item of lock.packages) {
        const file = files.find((name) => name.startsWith(item.sha256)) ?? '';
        expect(sha256Hex(await readFile(join(packages, file)))).toBe(item.sha256);
      }
      // With nothing to fetch, no repository is needed.
      await using _held = await backend.download({ ...request, repositories: repository.unreachable }, lock, context);
    });

    test('names an unknown package, and what may have been meant', async () => {
      await expect(backend.resolve(requestFor(['editer']), context)).rejects.toMatchObject({
        code: 'PACKAGE_UNKNOWN',
        exitStatus: 2,
        message: expect.stringContaining('"editer"'),
        hint: expect.stringContaining('editor'),
      });
    });

    test('names all unknown packages at once, each with its place', async () => {
      const lines: Readonly<Record<string, number>> = { editer: 7, extar: 3, editor: 1 };
      const positionOf = (name: string) => ({ file: 'manifest.yaml', line: lines[name] ?? 0, column: 5 });
      const resolving = backend.resolve(requestFor(['editer', 'editor', 'extar']), { ...context, positionOf });
      await expect(resolving).rejects.toMatchObject({
        code: 'PACKAGE_UNKNOWN',
        where: { file: 'manifest.yaml', line: 3, column: 5 },
        message: expect.stringMatching(/"extar".*\nmanifest\.yaml:7:5: .*"editer".* \(.*editor.*\)$/) as string,
        hint: expect.stringContaining('extra') as string,
      });
    });

    test("says why dependencies cannot be satisfied, in the solver's terms", async () => {
      await expect(backend.resolve(requestFor(['broken']), context)).rejects.toMatchObject({
        code: 'DEPENDENCIES_UNSATISFIABLE',
        message: expect.stringMatching(/broken .*nowhere/),
      });
    });

    test('never chooses what is excluded, and says so where it is needed', async () => {
      await expect(backend.resolve(requestFor(['editor'], { exclude: ['library'] }), context)).rejects.toMatchObject({
        code: 'DEPENDENCIES_UNSATISFIABLE',
        message: expect.stringMatching(/editor .*library/),
        hint: expect.stringContaining('library'),
      });
    });

    test('refuses a repository that another key has signed', async () => {
      const request = requestFor(['editor'], { repositories: repository.wrongKey });
      await expect(backend.resolve(request, context)).rejects.toMatchObject({
        code: 'REPOSITORY_SIGNATURE',
        exitStatus: 4,
      });
    });

    test('names a repository that does not answer', async () => {
      const request = requestFor(['editor'], { repositories: repository.unreachable });
      await expect(backend.resolve(request, context)).rejects.toMatchObject({
        code: 'REPOSITORY_UNREACHABLE',
        message: expect.stringContaining(`"${repository.unreachable[0]?.name}"`),
      });
    });

    test('lets a local package win over the repositories, with a lock and without', async () => {
      const file = await repository.buildOverride();
      const plain = await backend.resolve(requestFor(['extra']), context);
      const request = requestFor(['extra'], { overrides: [file] });
      const lock = await backend.resolve(request, context);
      expect(names(lock)).toEqual([expect.stringMatching(/^extra 9\.0/)]);
      expect(lock.packages[0]).toMatchObject({ repository: 'overrides' });
      expect((await backend.applyOverrides(request, plain)).packages).toEqual(lock.packages);
      await using _held = await backend.download(request, lock, context);
      expect(await readdir(join(cacheDirectory, 'packages'))).toContainEqual(
        expect.stringContaining(lock.packages[0]?.sha256 ?? '-'),
      );
    });

    test('refuses a lock that lacks what is asked for', async () => {
      const lock = await backend.resolve(requestFor(['extra']), context);
      await expect(backend.applyOverrides(requestFor(['extra', 'editor']), lock)).rejects.toMatchObject({
        code: 'LOCKFILE_STALE',
        exitStatus: 2,
        message: expect.stringContaining('editor'),
      });
    });

    test('refuses a local file that is no package', async () => {
      const file = join(cacheDirectory, `not-a-package.${backend.overridesDirectory}`);
      await writeFile(file, 'text');
      await expect(backend.resolve(requestFor(['extra'], { overrides: [file] }), context)).rejects.toMatchObject({
        code: 'OVERRIDE_INVALID',
        message: expect.stringContaining(file),
      });
    });

    // The last two spoil the repository.
    test('names a package whose file is not what was locked, and keeps nothing of it', async () => {
      const request = requestFor(['extra']);
      const lock = await backend.resolve(request, context);
      await repository.corrupt('extra');
      await expect(backend.download(request, lock, context)).rejects.toMatchObject({
        code: 'PACKAGE_HASH_MISMATCH',
        exitStatus: 4,
        message: expect.stringContaining('extra 1.0'),
      });
      const files = await readdir(join(cacheDirectory, 'packages'));
      expect(
        files.filter((name) => name.includes(lock.packages[0]?.sha256 ?? '-') || name.startsWith('.cosa')),
      ).toEqual([]);
    });

    test('names a package that is not to be had any more', async () => {
      const request = requestFor(['extra']);
      const lock = await backend.resolve(request, context);
      await repository.remove('extra');
      await expect(backend.download(request, lock, context)).rejects.toMatchObject({
        code: 'PACKAGE_UNAVAILABLE',
        message: expect.stringContaining('extra 1.0'),
        hint: expect.stringContaining('--update-lockfile'),
      });
    });
  });
}
