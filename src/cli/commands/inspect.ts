import type { InspectedDiskImage } from '../../flows/container/inspect/disk-images.ts';
import { type InspectedContainer, type InspectedDiskImages, inspectReference } from '../../flows/container/inspect.ts';
import { formatBytes, formatDuration, plural } from '../../lib/format.ts';
import { defineCommand } from '../command.ts';
import { selinuxText } from '../render/selinux.ts';
import { shortened } from '../render/shortened.ts';
import { line, lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';

export const inspect = defineCommand({
  description:
    'Shows a container: what it was built from and when, its packages and layers, whether it has SELinux labels, its test ' +
    'results, and what lies beside it: lists of packages, signatures, disk images. Of its layers it reads only up to the ' +
    'list of packages. Without a reference: the newest build. Of an index of disk images, or of one, it shows those.',
  configure: (command) => command.argument('[reference]', 'the container'),
  examples: [
    { run: 'cosa inspect', does: 'Show the newest build' },
    { run: 'cosa inspect 13.20260101.0 --json', does: 'Show one version, with all labels and test logs, for a script' },
    {
      run: 'cosa inspect docker://registry.example.com/os/debian-coreos:stable',
      does: 'Show a container of a registry',
    },
    {
      run: 'cosa inspect docker://registry.example.com/os/debian-coreos:13.20260101.0-disks',
      does: 'Show the disk images of a version',
    },
  ],
  registries: true,
  run: async (context, [reference]) => {
    const inspected = await inspectReference(context, context.directory, reference);
    if (!('layerList' in inspected)) return { text: diskImagesText(inspected, context.style), json: inspected };
    return { text: inspectText(inspected, context.style), json: inspectJson(inspected) };
  },
});

function inspectJson({ layerList, referrers, ...container }: InspectedContainer) {
  return {
    ...container,
    derived: container.derived ?? null,
    selinux: container.selinux ?? null,
    layers: layerList,
    referrers: referrers.map(({ digest, size, mediaType, artifactType, annotations }) => ({
      digest,
      size,
      mediaType,
      artifactType,
      annotations,
    })),
  };
}

function inspectText(container: InspectedContainer, style: Style): Shown {
  const { labels } = container;
  const label = (name: string) => labels[`org.opencontainers.image.${name}`];
  const facts: (readonly [string, string | undefined])[] = [
    ['Title', label('title')],
    ['Version', container.version],
    ['Tags', container.tags.join(', ')],
    ['Stream', container.stream],
    ['Created', container.created],
    ['Architecture', container.architecture],
    ['Digest', container.digest],
    ['Commit', container.commit],
    ['Kernel', labels['ostree.linux']],
    ['Source', label('source')],
    ['Revision', label('revision')],
    ['Packages', container.packages === undefined ? undefined : String(container.packages)],
    ['Derived', derivedText(container)],
    ['SELinux', selinuxText(container.selinux)],
    ['Size', `${formatBytes(container.size)} in ${container.layers} layers`],
  ];
  const known = facts.flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[style.bold(name), value]],
  );
  return lines(
    [
      table(known),
      testSection(container, style),
      layerSection(container, style),
      ...besideSection(container, style),
      ...remarkSection(container, style),
    ],
    '\n\n',
  );
}

/** Of a container that others have made of an operating system's: what is on top, and of what. */
function derivedText({ derived }: InspectedContainer): string | undefined {
  if (derived === undefined) return undefined;
  const { layers, baseName, baseDigest } = derived;
  const base = [baseName, baseDigest].filter((part) => part !== undefined).join('@');
  const onTop = `${plural(layers, 'layer')} on top of the operating system`;
  return base === '' ? onTop : `${onTop}, made of ${base}`;
}

function testSection({ tests, unusableTests }: InspectedContainer, style: Style): Shown {
  if (tests.length + unusableTests.length === 0) return line`${style.bold('Tests')}\n  none yet: cosa test`;
  const sections = tests.map(({ suite, firmware, accelerator, complete, started, tests: cases }) => {
    const heading = line`${style.bold(`Tests: ${suite}`)}${complete ? '' : ' (in part)'}, ${firmware}, ${accelerator}, ${started}`;
    const rows = cases.map(({ name, status, milliseconds }) => [
      line`  ${status === 'passed' ? style.green('passed') : style.red('failed')}`,
      name,
      formatDuration(milliseconds),
    ]);
    return lines([heading, table(rows, [2])]);
  });
  if (unusableTests.length === 0) return lines(sections, '\n\n');
  const unusable = unusableTests.map(({ reason }) => `  ${reason}`);
  return lines([...sections, lines([style.bold('Test results that do not count'), ...unusable])], '\n\n');
}

function layerSection({ layerList }: InspectedContainer, style: Style): Shown {
  const rows = layerList.map(({ digest, size, components }) => [
    `  ${digest.slice('sha256:'.length).slice(0, 12)}`,
    formatBytes(size),
    shortened(components),
  ]);
  return lines([style.bold('Layers'), table(rows, [1])]);
}

function besideSection({ signatures, sboms, diskImages }: InspectedContainer, style: Style): Shown[] {
  const rows = [
    ...sboms.map(({ format, digest }) => [style.bold('Package list'), format, digest]),
    ...signatures.map(({ kind, digest }) => [style.bold('Signature'), `${kind}, not verified`, digest]),
  ];
  const disks = diskImages.length === 0 ? [] : [diskImageSection(diskImages, style)];
  return rows.length === 0 ? disks : [table(rows), ...disks];
}

function diskImagesText({ name, digest, diskImages, remarks }: InspectedDiskImages, style: Style): Shown {
  const facts = table([
    [style.bold('Disk images'), name],
    [style.bold('Digest'), digest],
  ]);
  return lines([facts, diskImageSection(diskImages, style), ...remarkSection({ remarks }, style)], '\n\n');
}

function diskImageSection(images: readonly InspectedDiskImage[], style: Style): Shown {
  const heading = ['  PLATFORM', 'ARCHITECTURE', 'FORMAT', 'SIZE', 'SIGNATURES', 'MADE BY', 'DIGEST'].map(style.dim);
  const rows = images.map(({ platform, architecture, format, size, signatures, provenance, digest }) => [
    line`  ${style.bold(platform ?? '-')}`,
    architecture ?? '-',
    format,
    size === undefined ? '-' : formatBytes(size),
    signatures.length === 0 ? 'none' : `${signatures.length}, not verified`,
    provenance?.builder ?? '-',
    digest,
  ]);
  return lines([style.bold('Disk images'), table([heading, ...rows], [3])]);
}

/** Anybody may leave a thousand: --json has them all. */
const remarksShown = 10;

function remarkSection({ remarks }: Pick<InspectedContainer, 'remarks'>, style: Style): Shown[] {
  if (remarks.length === 0) return [];
  const more = remarks.length - remarksShown;
  const rest = more > 0 ? [line`  and ${plural(more, 'more', 'more')}: see --json`] : [];
  return [
    lines([
      style.bold('Cannot be read'),
      ...remarks.slice(0, remarksShown).map((remark) => line`  ${remark}`),
      ...rest,
    ]),
  ];
}
