import { type ContainersReport, checkContainers } from '../../flows/containers/fsck.ts';
import { placeNamed } from '../../flows/containers/place.ts';
import { exitStatus } from '../../lib/errors.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';

export const fsck = defineCommand({
  description:
    "Reads everything in the work directory's oci/ again, or in another place, and reports every blob that is missing, " +
    'damaged or not what its descriptor or diffid says. Of a registry that is what the tags reach, and all of it is ' +
    'downloaded. Changes nothing. The exit status is 4 if anything is wrong.',
  configure: (command) => command.argument('[place]', "a registry's repository or a layout; oci/ unless given"),
  examples: [
    { run: 'cosa fsck', does: 'Check all containers of the work directory' },
    { run: 'cosa fsck docker://registry.example.com/os/debian-coreos', does: 'Check all that a repository holds' },
  ],
  registries: true,
  run: async (context, [place]) => {
    const report = await checkContainers(context, await placeNamed(context.directory, place));
    return {
      text: reportText(report, context.style),
      json: { ...report, problems: report.problems.map((problem) => ({ ...problem })) },
      exitStatus: report.problems.length === 0 ? exitStatus.ok : exitStatus.verification,
    };
  },
});

function reportText(report: ContainersReport, style: Style): Shown {
  const { problems, blobs, bytes } = report;
  const parts = problems.map(({ code, message }) => line`${style.red(code)} ${message}`);
  parts.push(
    problems.length === 0
      ? line`${style.green('clean')}: ${plural(blobs, 'blob')}, ${formatBytes(bytes)}`
      : line`${style.red(plural(problems.length, 'problem'))} in ${plural(blobs, 'blob')}`,
  );
  if (!('leftovers' in report)) return lines(parts);
  const { unreferenced, leftovers } = report;
  const removable = [
    ...(unreferenced.blobs === 0
      ? []
      : [`${plural(unreferenced.blobs, 'blob')} that nothing refers to (${formatBytes(unreferenced.bytes)})`]),
    ...(leftovers === 0 ? [] : [plural(leftovers, 'unfinished file')]),
  ];
  if (removable.length > 0) parts.push(line`"cosa prune" removes ${removable.join(' and ')}`);
  return lines(parts);
}
