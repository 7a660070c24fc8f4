import { fieldOf, sourceOf } from '../../src/packages/deb/control.ts';
import type { PackageFile } from '../../src/packages/deb/package-file.ts';
import { type ChangelogEntry, parseChangelog, specChangelog } from './changelog.ts';
import type { DebPath, DebTree } from './deb-tree.ts';
import { scriptsDirectory, scriptsPackage } from './debian-scripts.ts';
import {
  conflictsAndObsoletes,
  formatVersion,
  type RpmVersion,
  rpmProvides,
  rpmRelations,
  rpmVersion,
} from './dependencies.ts';

/** What makes a later version of a package, for tests of updates. */
export type Change = {
  /** Stands behind the release: 1.2-3 becomes 1.2-3.REVISION. */
  revision: string;
  /** Files that it has besides, by absolute path. */
  files?: Readonly<Record<string, string>>;
};

export interface SpecRequest {
  item: PackageFile;
  tree: DebTree;
  /** The tar file with the package's files. */
  tarFile: string;
  /** Names of the essential packages, which nobody in Debian names as dependencies. */
  essential: readonly string[];
  /** A directory that has, by its path, what the converted package has besides. */
  additions: string;
  change?: Change | undefined;
}

export interface Spec {
  text: string;
  /** rpm's name of the architecture. */
  architecture: string;
  /** Seconds since the epoch of the newest changelog entry. */
  time: number;
  /** Files to be put below {@link SpecRequest.additions}, before rpmbuild is called. */
  additions: ReadonlyMap<string, { content: Buffer; mode: number }>;
}

const rpmArchitectures: Readonly<Record<string, string>> = { all: 'noarch', amd64: 'x86_64', arm64: 'aarch64' };

/** What Debian's scripts do by set-uid or not at all, done as Fedora does it. */
const capabilities: Readonly<Record<string, string>> = {
  '/usr/bin/arping': 'cap_net_raw=ep',
  '/usr/bin/newgidmap': 'cap_setgid=ep',
  '/usr/bin/newuidmap': 'cap_setuid=ep',
  '/usr/bin/ping': 'cap_net_raw=ep',
};

/** Scripts that run only when a package is removed have no use here. */
const keptControlFiles = ['config', 'postinst', 'preinst', 'templates'];

/** Scripts that ask dpkg for the modules to compile. A kernel's are left out, too: they make an initramfs, and links for Debian's boot loader. */
const compilesPython = /^python3/;

/** Changelog entries that a package keeps. */
const mostEntries = 12;

/** Owns the directories that all have in common, and the links of the merged /usr. */
const directoriesPackage = 'base-files';
/** Has the accounts: whoever is unpacked after it may name them as owners. */
const accountsPackage = 'base-passwd';
/** What is unpacked before all others; whatever these need is needed by their scripts alone. */
const firstPackages = [accountsPackage, directoriesPackage];

/** Writes the spec of the rpm that a Debian package becomes. */
export function specOf({ item, tree, tarFile, essential, additions, change }: SpecRequest): Spec {
  const { control, locked, controlFiles } = item;
  const { name } = locked;
  const entries = changelogOf(item, tree.changelog, change);
  const [newest] = entries;
  const version = rpmVersion(locked.version);
  if (change !== undefined) version.release += `.${change.revision}`;
  const kernel = kernelRelease(tree.paths);
  const added = new Map<string, { content: Buffer; mode: number }>();
  for (const [path, text] of Object.entries(change?.files ?? {}))
    added.set(path, { content: Buffer.from(text), mode: 0o644 });
  const hasScripts = kernel === undefined && !compilesPython.test(name);
  const scripts = hasScripts ? keptControlFiles.filter((file) => controlFiles.has(file)) : [];
  for (const file of scripts) {
    const { content = Buffer.alloc(0), mode = 0o644 } = controlFiles.get(file) ?? {};
    added.set(`${scriptsDirectory}/packages/${name}.${file}`, { content, mode: mode & 0o755 });
  }

  const source = sourceOf(control, name);
  const isOwn = source === name;
  const of = isOwn ? '' : `-n ${name}`;
  const own = [`Epoch: ${version.epoch}`, `Version: ${version.version}`, `Release: ${version.release}`];
  const described = [
    `Summary: ${summaryOf(item)}`,
    'AutoReqProv: no',
    ...own,
    ...dependencyTags(item, version, essential),
  ];
  const url = fieldOf(control, 'Homepage');
  const description = [`%description ${of}`, `${summaryOf(item)}.`];
  const lines = [
    `Name: ${source}`,
    'License: LicenseRef-Debian',
    ...(url === undefined ? [] : [`URL: ${url.replaceAll('%', '%%')}`]),
    ...(isOwn
      ? [...described, ...description]
      : [...own, 'Summary: the source of several packages', '%description', 'Several packages.']),
    ...(isOwn ? [] : [`%package ${of}`, ...described, ...description]),
    '%install',
    'mkdir -p %{buildroot}',
    `tar --extract --preserve-permissions --no-same-owner --directory %{buildroot} --file ${tarFile}`,
    ...(kernel === undefined ? [] : kernelCommands(kernel)),
    ...(name === accountsPackage ? accountsCommands : []),
    ...(added.size === 0 ? [] : [`cp --archive ${additions}/. %{buildroot}/`]),
    ...(scripts.some((file) => file.endsWith('inst'))
      ? [`%posttrans ${of}`, `exec ${scriptsDirectory}/configure ${name} ${locked.architecture}`]
      : []),
    ...(kernel === undefined ? [] : [`%posttrans ${of}`, `exec depmod -a ${kernel}`]),
    `%files ${of}`,
    ...fileLines(item, tree.paths, kernel),
    ...[...added].map(([path, { mode }]) => `%attr(${octal(mode)},root,root) ${pattern(path)}`),
    '%changelog',
    ...specChangelog(entries),
  ];
  return {
    text: `${lines.map((line) => line.trimEnd()).join('\n')}\n`,
    architecture: rpmArchitectures[locked.architecture] ?? locked.architecture,
    time: newest?.time ?? item.changed,
    additions: added,
  };
}

const oneDay = 24 * 60 * 60;

function changelogOf(item: PackageFile, text: string | undefined, change: Change | undefined): ChangelogEntry[] {
  const read = parseChangelog(text ?? '', mostEntries).map((entry) => ({
    ...entry,
    version: formatVersion(rpmVersion(entry.version)),
  }));
  const author = 'Debian <debian@example.com>';
  const converted = { version: formatVersion(rpmVersion(item.locked.version)), author, time: item.changed };
  const entries = read.length === 0 ? [{ ...converted, lines: ['* Converted.'] }] : read;
  if (change === undefined) return entries;
  const changed = { ...converted, version: `${converted.version}.${change.revision}`, lines: ['* Changed.'] };
  return [{ ...changed, time: (entries[0]?.time ?? item.changed) + oneDay }, ...entries];
}

function summaryOf({ control }: PackageFile): string {
  const [summary = ''] = (fieldOf(control, 'Description') ?? '').split('\n');
  return summary.replaceAll('%', '%%');
}

function dependencyTags({ control, locked }: PackageFile, version: RpmVersion, essential: readonly string[]): string[] {
  const field = (name: string) => fieldOf(control, name);
  const [provides, conflicts] = [field('Provides'), field('Conflicts')];
  const isFirst = firstPackages.includes(locked.name);
  const depends = rpmRelations(field('Depends'));
  const preDepends = rpmRelations(field('Pre-Depends'));
  const against = conflictsAndObsoletes({
    provides,
    conflicts,
    breaks: field('Breaks'),
    replaces: field('Replaces'),
  });
  const tags: Record<string, readonly string[]> = {
    // "meta": must be there, and need not be there first.
    'Requires(meta)': [
      ...(isFirst ? [...preDepends, ...depends] : []),
      ...(locked.name === directoriesPackage ? essential.filter((name) => name !== locked.name) : []),
    ],
    'Requires(pre)':
      locked.name === accountsPackage
        ? [scriptsPackage]
        : locked.name === directoriesPackage
          ? [accountsPackage]
          : [directoriesPackage, ...preDepends],
    Requires: isFirst ? [] : depends,
    Recommends: rpmRelations(field('Recommends')),
    Suggests: rpmRelations(field('Suggests')),
    Provides: [...rpmProvides(provides, version), ...(locked.name === 'dash' ? ['/bin/sh'] : [])],
    Conflicts: against.conflicts,
    Obsoletes: against.obsoletes,
  };
  return Object.entries(tags).flatMap(([tag, values]) => values.map((value) => `${tag}: ${value}`));
}

/** rpm looks owners up in /etc/passwd: it must be a file of the first package. */
const accountsCommands = ['passwd', 'group'].flatMap((name) => [
  'mkdir -p %{buildroot}/etc',
  `cp %{buildroot}/usr/share/base-passwd/${name}.master %{buildroot}/etc/${name}`,
]);

function kernelRelease(paths: readonly DebPath[]): string | undefined {
  return paths.flatMap(({ path }) => /^\/boot\/vmlinuz-(.+)$/.exec(path)?.[1] ?? [])[0];
}

/** Fedora's kernels lie beside their modules. */
function kernelCommands(release: string): string[] {
  const target = `%{buildroot}/usr/lib/modules/${release}`;
  return kernelFiles.map((name) => `mv %{buildroot}/boot/${name}-${release} ${target}/${name}`);
}

const kernelFiles = ['System.map', 'config', 'vmlinuz'];

function fileLines(item: PackageFile, paths: readonly DebPath[], kernel: string | undefined): string[] {
  const configured = new Set(
    (item.controlFiles.get('conffiles')?.content.toString('utf8') ?? '').split('\n').map((path) => path.trim()),
  );
  const lines = paths.flatMap((path) => {
    if (path.type === 'directory' && isShared(path, item.locked.name)) return [];
    const moved = kernel === undefined ? path : movedKernelFile(path, kernel);
    return moved === undefined ? [] : fileLine(moved, configured);
  });
  if (item.locked.name !== accountsPackage) return lines;
  return [...lines, ...['passwd', 'group'].map((name) => `%attr(0644,root,root) %config(noreplace) /etc/${name}`)];
}

/** Directories of every system, which only {@link directoriesPackage} owns, as Fedora's filesystem does. */
const sharedDirectories =
  /^\/(?:boot|etc|usr|var|usr\/(?:bin|lib|lib64|sbin|share|libexec)|usr\/share\/(?:doc|man|lintian|locale)|var\/(?:lib|log|cache)|usr\/share\/man\/.*|usr\/share\/locale\/.*|usr\/share\/lintian\/.*)$/;

function isShared({ path }: DebPath, name: string): boolean {
  return name !== directoriesPackage && sharedDirectories.test(path);
}

function movedKernelFile(path: DebPath, release: string): DebPath | undefined {
  const name = kernelFiles.find((file) => path.path === `/boot/${file}-${release}`);
  return name === undefined ? path : { ...path, path: `/usr/lib/modules/${release}/${name}` };
}

function fileLine({ path, type, mode, owner, group }: DebPath, configured: ReadonlySet<string>): string {
  const caps = type === 'file' ? capabilities[path] : undefined;
  const permissions = type === 'symlink' ? '-' : octal(caps === undefined ? mode : 0o755);
  const parts = [`%attr(${permissions},${owner},${group})`];
  if (type === 'directory') parts.push('%dir');
  if (caps !== undefined) parts.push(`%caps(${caps})`);
  if (configured.has(path)) parts.push('%config(noreplace)');
  const [, language] = /^\/usr\/share\/(?:locale|man)\/([a-z]{2,3}(?:[_@.][^/]*)?)\/./.exec(path) ?? [];
  if (language !== undefined) parts.push(`%lang(${language})`);
  if (/^\/usr\/share\/doc\/[^/]+\/copyright$/.test(path)) parts.push('%license');
  return [...parts, pattern(path)].join(' ');
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}

/** A name in a spec is a pattern; a character that would mean something stands for any one character there. */
function pattern(path: string): string {
  return path.replaceAll('%', '%%').replace(/[[\]*{}\\\s"]/g, '?');
}
