import { copyFile, link, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { LockedPackage } from '../src/contract/lockfile.ts';
import { canonicalJson, type Json } from '../src/lib/canonical-json.ts';
import { sha256Hex } from '../src/lib/digest.ts';
import { mapParallel } from '../src/lib/parallel.ts';
import { fieldOf } from '../src/packages/deb/control.ts';
import { openPackageFiles, type PackageFile } from '../src/packages/deb/package-file.ts';
import { buildRpmOfSpec, indexRpms, type RpmSpec, signRpm } from './rpm-building.ts';
import { readDebTree } from './rpms-from-debs/deb-tree.ts';
import { scriptsPackage, scriptsPrograms } from './rpms-from-debs/debian-scripts.ts';
import type { SigningKey } from './rpms-from-debs/signing-key.ts';
import { type Change, specOf } from './rpms-from-debs/spec.ts';

export interface ConversionRequest {
  debs: readonly { locked: LockedPackage; file: string }[];
  /** The repository: what is in it afterwards is what was asked for. */
  output: string;
  /** Rpms that were made before, by what they were made of. */
  cache: string;
  key: SigningKey;
  /** Later versions of some packages, which stand in the place of those that the debs have. */
  changes?: Readonly<Record<string, Change>>;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number, name: string) => void;
}

export type { Change };

/** Counts what changes the rpms and is in no input. */
const formatVersion = 2;

/** Seconds since the epoch: of the package that is nobody's, and of the index. */
const timestamp = Date.UTC(2025, 10, 20, 12) / 1000;

/**
 * Makes a repository of signed rpms out of Debian packages: the same files, scripts, dependencies and changelogs. What
 * was made before of the same packages by the same key is taken from the cache.
 */
export async function rpmsFromDebs(request: ConversionRequest): Promise<void> {
  const { debs, output, cache, key, changes = {}, onProgress } = request;
  const signal = request.signal ?? new AbortController().signal;
  await rm(output, { recursive: true, force: true });
  for (const directory of [output, cache]) await mkdir(directory, { recursive: true });
  const items = await openPackageFiles(debs, signal);
  const essential = items
    .filter(({ control }) => fieldOf(control, 'Essential') === 'yes')
    .map(({ locked }) => locked.name)
    .sort();
  let done = 0;
  const converted = async (name: string, made: string) => {
    await link(made, join(output, made.slice(made.indexOf('--') + 2)));
    done += 1;
    onProgress?.(done, items.length + 1, name);
  };
  await converted(scriptsPackage, await cachedRpm({ cache, key }, { scriptsPrograms }, (build) => scriptsSpec(build)));
  const fileOf = new Map(debs.map(({ locked, file }) => [locked, file]));
  // The largest first, so that none is left over at the end.
  const bySize = [...items].sort((a, b) => b.locked.size - a.locked.size);
  const work = async (item: PackageFile, stopped: AbortSignal) => {
    const { name, sha256 } = item.locked;
    const change = changes[name];
    const input = { sha256, change: change ?? null, essential: name === 'base-files' ? essential : [] };
    const spec = (build: BuildPlace) => debSpec(item, fileOf.get(item.locked) ?? '', { essential, change }, build);
    stopped.throwIfAborted();
    await converted(name, await cachedRpm({ cache, key }, input, spec));
  };
  await mapParallel(bySize, work, 2, signal);
  await indexRpms(output, { revision: timestamp }, signal);
}

/** Directories of one call of rpmbuild. */
interface BuildPlace {
  /** For whatever the spec needs. */
  directory: string;
  /** Its files are copied into the package by the spec. */
  additions: string;
}

async function debSpec(
  item: PackageFile,
  deb: string,
  { essential, change }: { essential: readonly string[]; change: Change | undefined },
  { directory, additions }: BuildPlace,
): Promise<RpmSpec> {
  const tarFile = join(directory, 'files.tar');
  const tree = await readDebTree(deb, item.locked.name, tarFile);
  const spec = specOf({ item, tree, tarFile, essential, additions, change });
  for (const [path, { content, mode }] of spec.additions) await addFile(additions, path, content, mode);
  return spec;
}

async function scriptsSpec({ additions }: BuildPlace): Promise<RpmSpec> {
  const paths = Object.entries(scriptsPrograms);
  for (const [path, text] of paths) await addFile(additions, path, text, 0o755);
  const lines = [
    `Name: ${scriptsPackage}`,
    'Version: 1',
    'Release: 1',
    "Summary: runs Debian packages' scripts in a system of rpms",
    'License: MIT',
    'AutoReqProv: no',
    '%description',
    'What the scripts of Debian packages expect around them.',
    '%install',
    'mkdir -p %{buildroot}',
    `cp --archive ${additions}/. %{buildroot}/`,
    '%files',
    ...paths.map(([path]) => `%attr(0755,root,root) ${path}`),
  ];
  return { text: `${lines.join('\n')}\n`, architecture: 'noarch', time: timestamp };
}

async function addFile(additions: string, path: string, content: Buffer | string, mode: number): Promise<void> {
  const file = join(additions, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content, { mode });
}

/** @returns the file, whose name is a key, `--` and the name that it has in a repository */
async function cachedRpm(
  { cache, key }: Pick<ConversionRequest, 'cache' | 'key'>,
  input: Json,
  writeSpec: (build: BuildPlace) => Promise<RpmSpec>,
): Promise<string> {
  const inputKey = sha256Hex(canonicalJson([formatVersion, key.fingerprint, input]));
  const before = (await readdir(cache)).find((name) => name.startsWith(`${inputKey}--`));
  if (before !== undefined) return join(cache, before);
  const directory = await mkdtemp(join(tmpdir(), 'cosa-rpm-'));
  try {
    const additions = join(directory, 'additions');
    await mkdir(additions);
    const spec = await writeSpec({ directory, additions });
    const made = await buildRpmOfSpec(spec, directory, { _binary_payload: 'w3.zstdio' });
    await signRpm(made, key);
    const kept = join(cache, `${inputKey}--${basename(made)}`);
    await copyFile(made, join(cache, `.${inputKey}`));
    await rename(join(cache, `.${inputKey}`), kept);
    return kept;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
