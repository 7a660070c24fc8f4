import { checkContainers } from '../../flows/containers/fsck.ts';
import { openWorkDirectory } from '../../flows/work-directory.ts';
import { exitStatus } from '../../lib/errors.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import type { LayoutReport } from '../../oci/layout/check.ts';
import { defineCommand } from '../command.ts';
import type { Style } from '../render/style.ts';

export const fsck = defineCommand({
  description:
    "Reads everything in the work directory's oci/ again and reports every blob that is missing, damaged or not what " +
    'its descriptor or diffid says. Changes nothing. The exit status is 4 if anything is wrong.',
  configure: (command) => command,
  examples: [{ run: 'cosa fsck', does: 'Check all containers' }],
  run: async (context) => {
    const report = await checkContainers(context, await openWorkDirectory(context.directory));
    return {
      text: reportText(report, context.style),
      json: { ...report, problems: report.problems.map((problem) => ({ ...problem })) },
      exitStatus: report.problems.length === 0 ? exitStatus.ok : exitStatus.verification,
    };
  },
});

function reportText({ problems, blobs, bytes, unreferenced, leftovers }: LayoutReport, style: Style): string {
  const lines = problems.map(({ code, message }) => `${style.red(code)} ${message}`);
  lines.push(
    problems.length === 0
      ? `${style.green('clean')}: ${plural(blobs, 'blob')}, ${formatBytes(bytes)}`
      : `${style.red(plural(problems.length, 'problem'))} in ${plural(blobs, 'blob')}`,
  );
  const removable = [
    ...(unreferenced.blobs === 0
      ? []
      : [`${plural(unreferenced.blobs, 'blob')} that nothing refers to (${formatBytes(unreferenced.bytes)})`]),
    ...(leftovers === 0 ? [] : [plural(leftovers, 'unfinished file')]),
  ];
  if (removable.length > 0) lines.push(`"cosa prune" removes ${removable.join(' and ')}`);
  return lines.join('\n');
}
