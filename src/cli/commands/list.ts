import { type ListedContainer, listContainers } from '../../flows/containers/list.ts';
import { placeNamed } from '../../flows/containers/place.ts';
import { formatBytes } from '../../lib/format.ts';
import { formatPlace } from '../../oci/place.ts';
import { defineCommand } from '../command.ts';
import type { Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';
import { testsText } from '../render/test-status.ts';

/** Hexadecimal digits of a digest that tell builds apart, and work as a reference. */
const shortDigest = 12;

export const list = defineCommand({
  description:
    "Lists the containers in the work directory's oci/, or of another place, newest first: their tags, size and layers, " +
    'and how their tests went. Of an index, each image has a line. A digest may be shortened in references, as it is here.',
  configure: (command) => command.argument('[place]', "a registry's repository or a layout; oci/ unless given"),
  examples: [
    { run: 'cosa list', does: 'Show every build and where the streams stand' },
    { run: 'cosa list docker://registry.example.com/os/debian-coreos', does: 'The same of a repository' },
    { run: 'cosa list --json', does: 'The same for a script' },
  ],
  registries: true,
  run: async (context, [place]) => {
    const listed = await placeNamed(context.directory, place);
    const containers = await listContainers(context, listed);
    const nothing = `${formatPlace(listed)} holds no container yet: cosa ostree build, cosa push`;
    return {
      text: containers.length === 0 ? nothing : listText(containers, context.style),
      json: containers.map((container) => ({
        ...container,
        tests: container.tests.map(({ tests, ...rest }) => ({ ...rest, tests: [...tests] })),
      })),
    };
  },
});

function listText(containers: readonly ListedContainer[], style: Style): Shown {
  const heading = ['VERSION', 'TAGS', 'CREATED', 'LAYERS', 'SIZE', 'TESTS', 'DIGEST'].map(style.dim);
  const rows = containers.map((container) => [
    style.bold(container.version ?? '-'),
    container.tags.filter((tag) => tag !== container.version).join(', ') || '-',
    container.created?.slice(0, 16).replace('T', ' ') ?? '-',
    String(container.layers),
    formatBytes(container.size),
    testsText(container.tests, container.unusableTests, style),
    container.digest.slice('sha256:'.length).slice(0, shortDigest),
  ]);
  return table([heading, ...rows], [3, 4]);
}
