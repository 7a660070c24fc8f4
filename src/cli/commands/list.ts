import { type ListedContainer, type ListedPlace, listContainers } from '../../flows/container/list.ts';
import { formatBytes } from '../../lib/format.ts';
import { nothingBuilt, placeNamed } from '../../workspace/place.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Showable, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';
import { testsText } from '../render/test-status.ts';

/** Hexadecimal digits of a digest that tell builds apart, and work as a reference. */
const shortDigest = 12;

/** Anybody may leave a thousand: --json has them all. */
const remarksShown = 20;

export const list = defineCommand({
  description:
    "Lists the containers in the work directory's oci/, or of another place, newest first: their tags, size and layers, " +
    'how their tests went, and whether there is a signature, by whomever ("cosa verify" looks at it). Of an index, each ' +
    'image has a line. What is no container, or cannot be read, stands below with what it is, or the reason. A digest may ' +
    'be shortened in references, as it is here.',
  configure: (command) => command.argument('[place]', "a registry's repository or a layout; oci/ unless given"),
  examples: [
    { run: 'cosa list', does: 'Show every build and where the streams stand' },
    { run: 'cosa list docker://registry.example.com/os/debian-coreos', does: 'The same of a repository' },
    { run: 'cosa list --json', does: 'The same for a script' },
  ],
  registries: true,
  run: async (context, [text]) => {
    const place = await placeNamed(context.directory, text);
    if (text === undefined && (await nothingBuilt(place))) return { text: 'no build yet: cosa ostree build', json: [] };
    const listed = await listContainers(context, place);
    const { containers, others } = listed;
    const isEmpty = containers.length + others.length === 0;
    return {
      text: isEmpty ? `${place.format()} holds no container yet` : placeText(listed, context.style),
      json: [...containers, ...others],
    };
  },
});

function placeText({ containers, others }: ListedPlace, style: Style): Shown {
  const remarks = containers.flatMap((container) =>
    container.remarks.map((remark) => line`${container.version ?? digestText(container.digest)}: ${remark}`),
  );
  const otherRows = others.map(({ tags, digest, what }) => [tags.join(', ') || '-', digestText(digest), what]);
  const sections: Showable[] = [];
  if (containers.length > 0) sections.push(containerTable(containers, style));
  if (others.length > 0) sections.push(table([['TAGS', 'DIGEST', 'NO CONTAINER'].map(style.dim), ...otherRows]));
  if (remarks.length > remarksShown) remarks.splice(remarksShown, remarks.length, line`and more: see --json`);
  if (remarks.length > 0) sections.push(lines(remarks));
  return lines(sections, '\n\n');
}

function containerTable(containers: readonly ListedContainer[], style: Style): Shown {
  const heading = ['VERSION', 'TAGS', 'CREATED', 'LAYERS', 'SIZE', 'TESTS', 'SIGNED', 'DIGEST'].map(style.dim);
  const rows = containers.map((container) => [
    style.bold(container.version ?? '-'),
    container.tags.filter((tag) => tag !== container.version).join(', ') || '-',
    container.created?.slice(0, 16).replace('T', ' ') ?? '-',
    String(container.layers),
    formatBytes(container.size),
    testsText(container.tests, container.unusableTests, style),
    container.signed ? 'yes' : '-',
    digestText(container.digest),
  ]);
  return table([heading, ...rows], [3, 4]);
}

function digestText(digest: string | undefined): string {
  return digest?.slice('sha256:'.length).slice(0, shortDigest) ?? '-';
}
