import { type DownloadDetails, diffDownload } from '../../flows/container/diff/download.ts';
import { type ContainerDifference, diffContainers } from '../../flows/container/diff.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import { defineCommand } from '../command.ts';
import { selinuxText } from '../render/selinux.ts';
import { shortened } from '../render/shortened.ts';
import { line, lines, quoted, type Showable, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';

export const diff = defineCommand({
  description:
    'Compares two containers: packages added, removed, upgraded and downgraded, files, SELinux labels, layers, and what a host that ' +
    'runs the first downloads to get to the second. With --download, only that: then nothing but manifests is read.',
  configure: (command) =>
    command
      .argument('<from>', 'the older container')
      .argument('<to>', 'the newer container')
      .option('--changelog', "also show what newer packages' changelogs say")
      .option('--download', 'only say what a host downloads: the new layers and what is in them'),
  examples: [
    { run: 'cosa diff stable stable-candidate', does: 'Show what the next update of the stream brings' },
    { run: 'cosa diff 13.20260101.0 13.20260108.0 --json', does: 'The same of two versions, with every file' },
    {
      run: 'cosa diff --changelog stable stable-candidate',
      does: 'Show besides what the newer packages change, by their own changelogs',
    },
    {
      run: 'cosa diff --download docker://registry.example.com/os:stable docker://registry.example.com/os:stable-candidate',
      does: 'Say what an update costs to download, from the manifests in a registry',
    },
  ],
  registries: true,
  run: async (context, [from, to], { download = false, changelog = false }) => {
    if (download) {
      const details = await diffDownload(context, context.directory, from, to);
      return { text: downloadText(details, context.style), json: details };
    }
    const difference = await diffContainers(context, context.directory, from, to, { changelog });
    return { text: diffText(difference, context.style), json: diffJson(difference) };
  },
});

function diffJson({ from, to, packages, files, selinux, layers, download, changelog }: ContainerDifference) {
  return {
    from,
    to,
    packages: {
      added: packages.added,
      removed: packages.removed,
      upgraded: packages.upgraded,
      downgraded: packages.downgraded,
    },
    files,
    selinux,
    layers,
    download,
    ...(changelog === undefined ? {} : { changelog: changelogJson(changelog) }),
  };
}

/** Null if it is not known, with the reason beside it. */
function changelogJson({ sources, ...rest }: NonNullable<ContainerDifference['changelog']>) {
  if (sources === undefined) return { sources: null, ...rest };
  return {
    sources: sources.map(({ entries, ...changes }) => ({
      ...changes,
      entries: entries.map(({ date, ...entry }) => ({ ...entry, date: dateText(date) })),
    })),
  };
}

function dateText(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.valueOf()) ? '' : date.toISOString().replace('.000', '');
}

function downloadText({ from, to, layers, download, newLayers }: DownloadDetails, style: Style): Shown {
  const rows = newLayers.map(({ size, components }) => [
    `  ${formatBytes(size)}`,
    components.length === 0 ? style.dim('the commit, its directories, and files of no package') : shortened(components),
  ]);
  return lines(
    [
      line`${style.bold(from.version ?? from.digest)} → ${style.bold(to.version ?? to.digest)}`,
      ...(rows.length === 0 ? [] : [table(rows, [0])]),
      line`${style.bold('Layers')} ${layers.kept} kept, ${layers.added} new, ${layers.removed} gone`,
      line`${style.bold('Download')} ${formatBytes(download)} of ${formatBytes(to.size)}`,
    ],
    '\n\n',
  );
}

/** Files shown for people; --json has them all. */
const filesShown = 20;

function changelogText(changelog: NonNullable<ContainerDifference['changelog']>, style: Style): Shown {
  const { sources } = changelog;
  if (sources === undefined) return line`${style.bold('Changelog')} is not known: ${changelog.reason}`;
  if (sources.length === 0) return line`${style.bold('Changelog')} has nothing: no package is newer`;
  return lines([style.bold('Changelog'), ...sources.map((source) => sourceText(source, style))], '\n\n');
}

type Source = NonNullable<NonNullable<ContainerDifference['changelog']>['sources']>[number];

function sourceText({ source, packages, entries, complete }: Source, style: Style): Shown {
  const versions = [...new Set(packages.map(({ from, to }) => `${from} → ${to}`))].join(', ');
  const shown = entries.flatMap(({ version, author, date, text }) => [
    line`  ${style.bold(version)} ${style.dim(dateText(date).slice(0, 10))} ${author}`,
    quoted(text, '    | '),
  ]);
  const rest = remark(entries.length, complete);
  return lines([
    line`${style.cyan(source)} ${versions}`,
    ...shown,
    ...(rest === undefined ? [] : [line`  ${style.dim(rest)}`]),
  ]);
}

function remark(entries: number, complete: boolean): string | undefined {
  if (complete) return entries === 0 ? 'no entry: only built again' : undefined;
  return entries === 0 ? 'its changelog is not known' : 'and perhaps older entries, which are not kept';
}

function diffText(difference: ContainerDifference, style: Style): Shown {
  const { from, to, packages, files, selinux, layers, download, changelog } = difference;
  const { added, removed, upgraded, downgraded } = packages;
  const packageRows = [
    ...added.map(({ name, version }) => [line`  ${style.green('added')}`, name, version]),
    ...removed.map(({ name, version }) => [line`  ${style.red('removed')}`, name, version]),
    ...upgraded.map((change) => ['  upgraded', change.name, `${change.from} → ${change.to}`]),
    ...downgraded.map((change) => [
      line`  ${style.yellow('downgraded')}`,
      change.name,
      `${change.from} → ${change.to}`,
    ]),
  ];
  const fileRows = [
    ...files.added.map((path) => [line`  ${style.green('added')}`, path]),
    ...files.removed.map((path) => [line`  ${style.red('removed')}`, path]),
    ...files.changed.map((path) => ['  changed', path]),
  ];
  return lines(
    [
      line`${style.bold(from.version ?? from.digest)} → ${style.bold(to.version ?? to.digest)}`,
      section('Packages', packageRows, packageRows.length, style),
      ...(changelog === undefined ? [] : [changelogText(changelog, style)]),
      section('Files', fileRows, filesShown, style),
      ...(selinux.changed ? [selinuxChangeText(selinux, style)] : []),
      line`${style.bold('Layers')} ${layers.kept} kept, ${layers.added} new, ${layers.removed} gone`,
      line`${style.bold('Download')} ${formatBytes(download)} of ${formatBytes(to.size)}`,
    ],
    '\n\n',
  );
}

/** Labels are a part of files: who makes them by other rules changes every file that gets another. */
function selinuxChangeText({ from, to }: ContainerDifference['selinux'], style: Style): Shown {
  const [before, after] = [selinuxText(from) ?? 'none', selinuxText(to) ?? 'none'];
  const rules = before === after ? line`${before}; labels are made by other rules` : line`${before} → ${after}`;
  return line`${style.bold('SELinux')} ${rules}`;
}

function section(title: string, rows: readonly (readonly Showable[])[], limit: number, style: Style): Shown {
  if (rows.length === 0) return line`${style.bold(title)} are the same`;
  const more = rows.length - limit;
  const rest = more > 0 ? [line`  ${style.dim(`and ${plural(more, 'more', 'more')}: see --json`)}`] : [];
  return lines([style.bold(title), table(rows.slice(0, limit)), ...rest]);
}
