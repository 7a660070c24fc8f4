import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../cache/cache.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import { lockFile } from '../../exec/lock.ts';
import type { RunOptions, RunResult } from '../../exec/run.ts';
import { tryRun } from '../../exec/run.ts';
import { type Tool, tools } from '../../exec/tools.ts';
import { createCleanup } from '../../lib/cleanup.ts';
import { sha256Hex } from '../../lib/digest.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { removeTemporaries, writeFileAtomic } from '../../lib/files.ts';
import type { BackendContext } from '../backend.ts';
import { formatControl } from './control.ts';
import { hostAcquireSettings } from './host-apt.ts';
import type { DebSource } from './sources.ts';

/**
 * An apt of our own: the host's program with no word of the host's packages, sources, indexes or preferences. Until it is
 * disposed of, nobody else uses or evicts what it keeps.
 */
export interface PrivateApt extends AsyncDisposable {
  /** Runs one of apt's programs; a failure is a result. */
  run(tool: Tool, args: readonly string[]): Promise<RunResult>;
  /** Has what is run from now on choose by other preferences. */
  setPreferences(text: string): Promise<void>;
  /** Where the verified indexes lie. */
  readonly lists: string;
}

export interface PrivateAptOptions {
  /** Debian's name. */
  architecture: string;
  recommends: boolean;
  sources: readonly DebSource[];
  /** Directory of a local repository that {@link writeOverrideRepository} made, if there are overrides. */
  overrideRepository?: string;
  /** The text of apt's preferences: pins. */
  preferences: string;
}

/**
 * Makes the directories and files of a private apt in the cache, one for each set of repositories. Waits for whoever uses
 * the same.
 */
export async function openPrivateApt(options: PrivateAptOptions, context: BackendContext): Promise<PrivateApt> {
  const sources = sourcesText(options);
  const name = sha256Hex(`${options.architecture}\n${sources}`).slice(0, 16);
  const held = createCleanup();
  try {
    const cache = await openCache(context.cacheDirectory, cacheKinds.apt);
    held.defer(() => cache[Symbol.asyncDispose]());
    await cache.use([name]);
    const base = cache.path(name);
    const lock = await lockFile(join(base, 'lock'), 'exclusive', context.reporter.signal);
    held.defer(() => lock[Symbol.asyncDispose]());
    await removeTemporaries(base);
    await cache.touch(name);
    await cache.trim();
    return { ...(await prepare(base, sources, options, context)), [Symbol.asyncDispose]: held[Symbol.asyncDispose] };
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

async function prepare(
  base: string,
  sources: string,
  options: PrivateAptOptions,
  context: BackendContext,
): Promise<Omit<PrivateApt, keyof AsyncDisposable>> {
  const lists = join(base, 'lists');
  const empty = join(base, 'empty');
  const archives = join(base, 'archives');
  await Promise.all([join(lists, 'partial'), join(archives, 'partial'), empty].map((path) => makeDirectory(path)));
  const files = {
    sourcelist: join(base, 'cosa.sources'),
    preferences: join(base, 'preferences'),
    status: join(base, 'status'),
    configuration: join(base, 'apt.conf'),
  };
  await writeFileAtomic(files.sourcelist, sources);
  await writeFileAtomic(files.preferences, options.preferences);
  await writeFileAtomic(files.status, '');
  const settings: Record<string, string> = {
    'Dir::Etc::main': '/dev/null',
    'Dir::Etc::parts': empty,
    'Dir::Etc::sourcelist': files.sourcelist,
    'Dir::Etc::sourceparts': empty,
    'Dir::Etc::preferencesparts': empty,
    'Dir::State': base,
    'Dir::State::status': files.status,
    'Dir::State::lists': lists,
    'Dir::Cache': base,
    'Dir::Cache::archives': archives,
    'Dir::Log': empty,
    'APT::Architecture': options.architecture,
    'APT::Sandbox::User': 'root',
    // apt 3 has a second solver; the same one everywhere gives the same choice everywhere.
    'APT::Solver': 'internal',
    'APT::Cmd::Pattern-Only': 'false',
    'APT::Update::Error-Mode': 'any',
    // apt counts itself as essential unless told another list.
    'pkgCacheGen::ForceEssential': ',',
    'pkgCacheGen::ForceImportant': ',',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Dpkg::Use-Pty': 'false',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${quoted(value)};`);
  lines.push(`APT::Architectures { ${quoted(options.architecture)}; };`, ...(await hostAcquireSettings()));
  await writeFileAtomic(files.configuration, `${lines.join('\n')}\n`);
  const perRequest = [
    '-o',
    `Dir::Etc::preferences=${files.preferences}`,
    '-o',
    `APT::Install-Recommends=${options.recommends}`,
  ];
  const runOptions: RunOptions = {
    env: { APT_CONFIG: files.configuration },
    signal: context.reporter.signal,
    onStderrLine: context.reporter.log,
  };
  const setPreferences = (text: string) => writeFileAtomic(files.preferences, text);
  return { lists, setPreferences, run: (tool, args) => tryRun(tool, [...perRequest, ...args], runOptions) };
}

/** Fetches the repositories' indexes where they have changed. A failure is a result. */
export async function updateIndexes(apt: PrivateApt): Promise<RunResult> {
  return apt.run(tools.aptGet, ['update', '--quiet=2']);
}

/** What the repositories' signed indexes say of themselves. */
export interface RepositoryIndexes {
  /** The newest date that one carries, in seconds since the epoch. */
  newest: number;
  /** Who makes them. */
  origins: ReadonlySet<string>;
}

/** Reads the indexes' headers. Call after {@link updateIndexes}: apt keeps an index only if its signature is good. */
export async function readIndexes(lists: string): Promise<RepositoryIndexes> {
  const origins = new Set<string>();
  let newest = 0;
  for (const name of await readdir(lists)) {
    if (!/_(In)?Release$/.test(name)) continue;
    const text = await readFile(join(lists, name), 'utf8');
    const date = Date.parse(/^Date: *(.+)$/m.exec(text)?.[1] ?? '');
    if (!Number.isNaN(date)) newest = Math.max(newest, Math.floor(date / 1000));
    const origin = /^Origin: *(.+)$/m.exec(text)?.[1];
    if (origin !== undefined) origins.add(origin.trim());
  }
  return { newest, origins };
}

function sourcesText(options: PrivateAptOptions): string {
  const paragraphs: { fields: readonly { name: string; value: string }[] }[] = [];
  if (options.overrideRepository !== undefined) {
    paragraphs.push({
      fields: [
        { name: 'Types', value: 'deb' },
        { name: 'URIs', value: `copy:${options.overrideRepository}` },
        { name: 'Suites', value: './' },
        // The user's own files, on this machine: there is nobody else to sign them.
        { name: 'Trusted', value: 'yes' },
      ],
    });
  }
  paragraphs.push(...options.sources.map(({ fields }) => ({ fields })));
  return formatControl(paragraphs);
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '')}"`;
}
