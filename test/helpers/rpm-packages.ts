import { chmod, copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { buildRpmOfSpec } from '../../scripts/rpm-building.ts';

/** A file of a {@link TestRpm}: its text, or what differs from an empty file of root's with mode 0644. */
export type TestRpmFile =
  | string
  | {
      text?: string;
      /** A program or library of this machine. */
      copyOf?: string;
      /** Target of a symbolic link. */
      linkTo?: string;
      directory?: true;
      /** As chmod takes it: `0755`; unless given, 0644, of directories 0755. */
      mode?: number;
      owner?: string;
      group?: string;
      /** As `%caps` has it: `cap_net_raw=ep`. */
      capabilities?: string;
      /** Directives before the path: `%config(noreplace)`, `%doc`, `%license`, `%ghost`, `%lang(de)`. */
      directives?: readonly string[];
    };

/** Scriptlets by their sections' names without `%`. */
type TestRpmScript = 'pre' | 'post' | 'preun' | 'postun' | 'pretrans' | 'posttrans';

/** A package for a test: a name, and what differs from a small file and version 1.0-1 of no architecture. */
export interface TestRpm {
  name: string;
  epoch?: number;
  version?: string;
  release?: string;
  /** `noarch`, `x86_64`, `aarch64`: also another than this machine's. */
  architecture?: string;
  /** The source package's name, where it is another. */
  source?: string;
  /** Each as a spec has it: `library >= 1.0`, `(a or b)`. */
  requires?: readonly string[];
  /** As {@link requires}, with a qualifier of the scriptlets that need it: `pre`, `post`. */
  scriptRequires?: Readonly<Partial<Record<TestRpmScript, readonly string[]>>>;
  recommends?: readonly string[];
  suggests?: readonly string[];
  supplements?: readonly string[];
  provides?: readonly string[];
  conflicts?: readonly string[];
  obsoletes?: readonly string[];
  /** By absolute path. */
  files?: Readonly<Record<string, TestRpmFile>>;
  /** Shell scripts, without the first line; `interpreter` is for `%post -p`. */
  scripts?: Readonly<Partial<Record<TestRpmScript, string | { interpreter: string; text?: string }>>>;
  /** Seconds since the epoch, newest first; unless given, one entry of 2025-11-01. */
  changelog?: readonly { time: number; author?: string; version?: string; text: string }[];
  /** Macros of rpmbuild: `{ _binary_payload: 'w9.bzdio' }`. */
  settings?: Readonly<Record<string, string>>;
  /** Lines for the spec's preamble: `Group: …`, `%global …`. */
  preamble?: readonly string[];
  /** Sections for the spec's end: `%triggerin -- other\n…`. */
  sections?: readonly string[];
}

const defaultTime = Date.UTC(2025, 10, 1, 12) / 1000;

/** The same description gives the same bytes. */
const settings = { clamp_mtime_to_source_date_epoch: '1', _binary_payload: 'w3.gzdio' };

/**
 * Builds a package with rpmbuild, without signing it.
 * @param output directory of the file, which exists
 * @returns the file's absolute path: `NAME-VERSION-RELEASE.ARCHITECTURE.rpm`
 */
export async function buildRpm(item: TestRpm, output: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-rpm-'));
  try {
    const tree = join(directory, 'tree');
    await mkdir(tree);
    const files = Object.entries(item.files ?? { [`/usr/share/${item.name}`]: item.name });
    for (const [path, file] of files) await writeTestFile(join(tree, path), file);
    const spec = { text: specText(item, files), architecture: item.architecture ?? 'noarch', time: defaultTime };
    const made = await buildRpmOfSpec(spec, directory, { ...settings, ...item.settings, cosatree: tree });
    const name = basename(made);
    await copyFile(made, join(output, `.${name}`));
    await rename(join(output, `.${name}`), join(output, name));
    return join(output, name);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function writeTestFile(path: string, file: TestRpmFile): Promise<void> {
  const { text = '', copyOf, linkTo, directory, mode } = typeof file === 'string' ? { text: file } : file;
  await mkdir(directory === true ? path : dirname(path), { recursive: true });
  if (linkTo !== undefined) return symlink(linkTo, path);
  if (copyOf !== undefined) await copyFile(copyOf, path);
  else if (directory !== true) await writeFile(path, text);
  await chmod(path, mode ?? (directory === true ? 0o755 : 0o644));
}

function specText(item: TestRpm, files: readonly (readonly [string, TestRpmFile])[]): string {
  const { name, version = '1.0', release = '1', source = name } = item;
  // The source package's name is that of the spec; a package of another name is one of several that a spec makes.
  const isOwn = source === name;
  const of = isOwn ? '' : `-n ${name}`;
  const lines = [
    ...(item.preamble ?? []),
    `Name: ${source}`,
    ...(isOwn && item.epoch !== undefined ? [`Epoch: ${item.epoch}`] : []),
    `Version: ${version}`,
    `Release: ${release}`,
    'Summary: for a test',
    'License: MIT',
    'AutoReqProv: no',
    '%description',
    'For a test.',
  ];
  const dependencies = dependencyLines(item);
  if (isOwn) lines.splice(lines.indexOf('%description'), 0, ...dependencies);
  else {
    const epoch = item.epoch === undefined ? [] : [`Epoch: ${item.epoch}`];
    lines.push(`%package ${of}`, 'Summary: for a test', 'AutoReqProv: no', ...epoch, ...dependencies);
    lines.push(`%description ${of}`, 'For a test.');
  }
  lines.push('%install', 'mkdir -p %{buildroot}', 'cp -a %{cosatree}/. %{buildroot}/');
  for (const [section, script] of Object.entries(item.scripts ?? {})) {
    const { interpreter, text = '' } = typeof script === 'string' ? { text: script } : script;
    lines.push(`%${section} ${of}${interpreter === undefined ? '' : ` -p ${interpreter}`}`, text);
  }
  lines.push(...(item.sections ?? []), `%files ${of}`, ...files.map(([path, file]) => fileLine(path, file)));
  lines.push('%changelog', ...changelogLines(item));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function dependencyLines(item: TestRpm): string[] {
  const named = {
    Requires: item.requires,
    Recommends: item.recommends,
    Suggests: item.suggests,
    Supplements: item.supplements,
    Provides: item.provides,
    Conflicts: item.conflicts,
    Obsoletes: item.obsoletes,
  };
  const lines = Object.entries(named).flatMap(([tag, values = []]) => values.map((value) => `${tag}: ${value}`));
  for (const [script, values] of Object.entries(item.scriptRequires ?? {})) {
    lines.push(...values.map((value) => `Requires(${script}): ${value}`));
  }
  return lines;
}

function fileLine(path: string, file: TestRpmFile): string {
  if (typeof file === 'string') return `%attr(0644,root,root) ${path}`;
  const { mode, owner = 'root', group = 'root', capabilities, directory, linkTo, directives = [] } = file;
  const octal = (mode ?? (directory === true ? 0o755 : 0o644)).toString(8).padStart(4, '0');
  const parts = [`%attr(${linkTo === undefined ? octal : '-'},${owner},${group})`, ...directives];
  if (directory === true) parts.push('%dir');
  if (capabilities !== undefined) parts.push(`%caps(${capabilities})`);
  return [...parts, path].join(' ');
}

function changelogLines({ changelog, version = '1.0', release = '1' }: TestRpm): string[] {
  const entries = changelog ?? [{ time: defaultTime, text: 'Made' }];
  return entries.flatMap(
    ({ time, author = 'Test <test@example.com>', version: of = `${version}-${release}`, text }) => {
      const [day, , date, month, year] = new Date(time * 1000).toUTCString().replace(',', ' ').split(' ');
      return [`* ${day} ${month} ${date} ${year} ${author} - ${of}`, `- ${text}`];
    },
  );
}
