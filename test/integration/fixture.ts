import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { withLock } from '../../src/exec/lock.ts';
import { type RunResult, run, tryRun } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';
import { makePrivateDirectory } from '../../src/lib/directories.ts';
import { exists } from '../../src/lib/if-exists.ts';
import { decompress } from '../../src/oci/compression.ts';
import { type Image, readImage } from '../../src/oci/image.ts';
import { openLayout } from '../../src/oci/layout.ts';

/** The checkout that is tested. */
export const checkout = resolve(import.meta.dirname, '../..');

/** Where integration and boot tests keep what they build: one real operating system serves them all. */
export const testWork = resolve(checkout, '.test-work');

/** A copy of the example, with a lockfile, out of git: builds of it depend on nothing else. */
export const testConfig = resolve(testWork, 'config');

export const stream = 'testing-devel';
export const candidate = `${stream}-candidate`;

/** A program that a test calls. */
export function program(name: string, deb: string = name): Tool {
  return { name, packages: { deb, rpm: deb }, purpose: 'is tested' };
}

/** Runs the built program as a user would, and gives back what it wrote. */
export async function cosa(
  directory: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<RunResult> {
  return tryRun(program(resolve(checkout, 'bin/cosa')), args, { cwd: directory, env: { NO_COLOR: '1', ...env } });
}

/** As {@link cosa}, for a call that must succeed: its error shows what the program wrote. */
export async function cosaOk(
  directory: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const result = await cosa(directory, args, env);
  if (result.exitCode !== 0) throw new Error(`cosa ${args.join(' ')}: exit ${result.exitCode}\n${result.stderr}`);
  return result.stdout;
}

/**
 * A work directory with the example built in it. The first caller builds, which takes a minute or two; for later callers, in
 * this run or the next, cosa itself finds that nothing has changed. Other tests use it at the same time: who calls leaves
 * `oci/` as it is.
 */
export async function builtWorkDirectory(): Promise<string> {
  const directory = resolve(testWork, 'main');
  await makePrivateDirectory(testWork);
  return withLock(resolve(testWork, '.main.lock'), async () => {
    const isNew = await copyExample(testConfig);
    if (isNew || !(await exists(resolve(directory, 'cosa.json')))) await initialise(directory, testConfig);
    if (!(await exists(lockfile(testConfig)))) await cosaOk(directory, ['fetch', '--update-lockfile']);
    const built = JSON.parse(await cosaOk(directory, ['--json', 'ostree', 'build'])) as { unchanged: boolean };
    // In an earlier run the example was another one: what is compared with this build must have no past either.
    if (!built.unchanged && (await tagCount(directory)) > 2) {
      await rm(resolve(directory, 'oci'), { recursive: true });
      await cosaOk(directory, ['ostree', 'build']);
    }
    return directory;
  });
}

/** A first build sets two: its version and the candidate. */
async function tagCount(directory: string): Promise<number> {
  const reader = await openLayout(resolve(directory, 'oci'));
  return (await reader.listTags()).size;
}

/** Makes `directory` a work directory for a config, if it is none yet. */
async function initialise(directory: string, config: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await cosaOk(directory, ['init', '--force', '--stream', stream, config]);
}

/** Of the cache: what a build needs, and disk images have no part in. Those are made while it is copied. */
const warm = ['packages', 'roots', 'initramfs'];

/** A new work directory for its own copy of the config, with the shared one's downloads and roots. */
export async function freshWorkDirectory(name: string, from: string): Promise<{ directory: string; config: string }> {
  const directory = resolve(testWork, name);
  const config = resolve(testWork, `${name}-config`);
  await rm(directory, { recursive: true, force: true });
  await rm(config, { recursive: true, force: true });
  await cp(testConfig, config, { recursive: true, verbatimSymlinks: true });
  await initialise(directory, config);
  await warmCache(from, directory);
  return { directory, config };
}

/** Gives a work directory downloads and installed roots of another: they save minutes, and nothing else. */
export async function warmCache(from: string, to: string, kinds: readonly string[] = warm): Promise<void> {
  const cache = resolve(to, 'cache');
  await mkdir(cache, { recursive: true });
  // As hard links, since nobody changes what is in a cache.
  const kept = kinds.map((kind) => resolve(from, 'cache', kind));
  await run(program('cp', 'coreutils'), ['--archive', '--link', '--target-directory', cache, ...kept]);
}

/** The image that a tag of a work directory points to. */
export async function imageOf(directory: string, tag: string = candidate): Promise<Image> {
  const reader = await openLayout(resolve(directory, 'oci'));
  const descriptor = await reader.resolveTag(tag);
  if (descriptor === undefined) throw new Error(`${directory}: no tag ${tag}`);
  return readImage(reader, descriptor);
}

/** All layers of a work directory's candidate one over another, as a container runtime lays them out. */
export async function extractLayers(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const image = await imageOf(from);
  const reader = await openLayout(resolve(from, 'oci'));
  const file = `${to}.layer`;
  for (const layer of image.manifest.layers) {
    const chunks: Buffer[] = [];
    for await (const chunk of decompress(reader.readBlob(layer), layer, 2 ** 32)) chunks.push(chunk);
    await writeFile(file, Buffer.concat(chunks));
    await run(program('tar'), ['-x', '--xattrs', '--xattrs-include=*', '--numeric-owner', '-p', '-C', to, '-f', file]);
    await rm(file);
  }
}

/**
 * Copies the example's files over a directory; a lockfile that is there stays. A copy that is the example already is not
 * touched: others may be reading it.
 * @returns whether it was copied
 */
async function copyExample(to: string): Promise<boolean> {
  const example = resolve(checkout, 'examples/debian-coreos');
  const options = ['--recursive', '--no-dereference', '--brief', '--exclude', basename(lockfile(to))];
  const difference = await tryRun(program('diff', 'diffutils'), [...options, example, to]);
  if (difference.exitCode === 0) return false;
  const kept = await readFile(lockfile(to)).catch(() => undefined);
  await rm(to, { recursive: true, force: true });
  await cp(example, to, { recursive: true, verbatimSymlinks: true });
  if (kept !== undefined) await writeFile(lockfile(to), kept);
  return true;
}

function lockfile(config: string): string {
  return resolve(config, 'manifest-lock.x86_64.json');
}
