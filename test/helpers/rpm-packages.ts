import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../src/exec/run.ts';
import type { GpgKeyring } from './gpg-keyring.ts';

const rpmbuild = { name: 'rpmbuild', packages: { deb: 'rpm', rpm: 'rpm-build' }, purpose: 'makes packages for tests' };
const rpmsign = { name: 'rpmsign', packages: { deb: 'rpm', rpm: 'rpm-sign' }, purpose: 'signs packages of tests' };

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
  /** Lines for the spec's preamble: `Group: …`, `%global …`. */
  preamble?: readonly string[];
  /** Sections for the spec's end: `%triggerin -- other\n…`. */
  sections?: readonly string[];
}

const defaultTime = Date.UTC(2025, 10, 1, 12) / 1000;

/** What rpmbuild must not do of itself, so that the same description gives the same bytes on every host. */
const settings: Readonly<Record<string, string>> = {
  __os_install_post: '%{nil}',
  debug_package: '%{nil}',
  _build_id_links: 'none',
  _buildhost: 'build.example.com',
  use_source_date_epoch_as_buildtime: '1',
  clamp_mtime_to_source_date_epoch: '1',
  _binary_payload: 'w3.gzdio',
  _binaries_in_noarch_packages_terminate_build: '0',
  _unpackaged_files_terminate_build: '0',
};

/**
 * Builds a package with rpmbuild, without signing it.
 * @param output directory of the file, which exists
 * @returns the file's absolute path: `NAME-VERSION-RELEASE.ARCHITECTURE.rpm`
 */
export async function buildRpm(item: TestRpm, output: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-rpm-'));
  try {
    for (const name of ['tree', 'rpms']) await mkdir(join(directory, name));
    const files = Object.entries(item.files ?? { [`/usr/share/${item.name}`]: item.name });
    for (const [path, file] of files) await writeTestFile(join(directory, 'tree', path), file);
    const spec = join(directory, 'package.spec');
    await writeFile(spec, specText(item, files));
    const defined = {
      ...settings,
      _topdir: directory,
      _rpmdir: join(directory, 'rpms'),
      cosatree: `${directory}/tree`,
    };
    const definitions = Object.entries(defined).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
    const target = ['--target', item.architecture ?? 'noarch'];
    await run(rpmbuild, ['-bb', '--quiet', ...definitions, ...target, spec], {
      env: { SOURCE_DATE_EPOCH: String(defaultTime), HOME: directory },
    });
    const [made] = await readdir(join(directory, 'rpms'), { recursive: true, withFileTypes: true }).then((entries) =>
      entries.filter((entry) => entry.name.endsWith('.rpm')),
    );
    if (made === undefined) throw new Error(`rpmbuild made no package ${item.name}`);
    await copyFile(join(made.parentPath, made.name), join(output, `.${made.name}`));
    await rename(join(output, `.${made.name}`), join(output, made.name));
    return join(output, made.name);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Signs a package in its place, or anew with another key. */
export async function signRpm(file: string, { home, key }: Pick<GpgKeyring, 'home' | 'key'>): Promise<void> {
  const defined = { __gpg: '/usr/bin/gpg', _gpg_name: key, _gpg_path: home };
  const definitions = Object.entries(defined).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  await run(rpmsign, [...definitions, '--addsign', file], { env: { GNUPGHOME: home } });
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
