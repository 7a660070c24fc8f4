import {
  type ContainersReport,
  checkContainers,
  type RepairedLayout,
  repairContainers,
} from '../../flows/container/fsck.ts';
import { usageError } from '../../lib/errors.ts';
import { exitStatus } from '../../lib/exit-status.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import { nothingBuilt, placeNamed } from '../../workspace/place.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';

export const fsck = defineCommand({
  description:
    "Reads everything in the work directory's oci/ again, or in another place, and reports every blob that is missing, " +
    'damaged or not what its descriptor or diffid says. Of a registry that is what the tags reach, and all of it is ' +
    'downloaded. Changes nothing, unless told to repair a layout: then damaged blobs are set aside, and what is lacking is ' +
    'brought from the place of --from, or from the container that "cosa init --ostree" recorded. The exit status is 4 if ' +
    'anything is wrong, or still is.',
  configure: (command) =>
    command
      .argument('[place]', "a registry's repository or a layout; oci/ unless given")
      .option('--repair', 'set damaged blobs of a layout aside, and fetch what is lacking')
      .option('--from <reference>', 'with --repair: a place that has sound copies'),
  examples: [
    { run: 'cosa fsck', does: 'Check all containers of the work directory' },
    { run: 'cosa fsck docker://registry.example.com/os/debian-coreos', does: 'Check all that a repository holds' },
    {
      run: 'cosa fsck --repair --from docker://registry.example.com/os/debian-coreos',
      does: 'Replace what is damaged by what the registry has',
    },
  ],
  registries: true,
  run: async (context, [text], { repair = false, from }) => {
    if (from !== undefined && !repair) {
      throw usageError('OPTION_CONFLICT', '--from says where sound copies lie, and nothing is to be repaired', {
        hint: 'add --repair',
      });
    }
    const place = await placeNamed(context.directory, text);
    if (text === undefined && (await nothingBuilt(place))) {
      return { text: 'no build yet: cosa ostree build', json: { problems: [], entries: 0, blobs: 0, bytes: 0 } };
    }
    const repaired = repair
      ? await repairContainers(context, place, { directory: context.directory, from })
      : undefined;
    const report = repaired?.report ?? (await checkContainers(context, place));
    const { setAside, fetched } = repaired ?? {};
    return {
      text: lines([...(repaired === undefined ? [] : [repairText(repaired)]), reportText(report, context.style)]),
      json: {
        problems: report.problems,
        entries: report.entries,
        blobs: report.blobs,
        bytes: report.bytes,
        ...('leftovers' in report ? { unreferenced: report.unreferenced, leftovers: report.leftovers } : {}),
        ...(repaired === undefined ? {} : { setAside, fetched }),
      },
      exitStatus: report.problems.length === 0 ? exitStatus.ok : exitStatus.verification,
    };
  },
});

function repairText({ setAside, fetched }: RepairedLayout): Shown {
  return line`${plural(setAside.length, 'damaged blob')} set aside, ${plural(fetched.length, 'blob')} fetched`;
}

function reportText(report: ContainersReport, style: Style): Shown {
  const { problems, blobs, bytes } = report;
  const parts = problems.map(({ code, message }) => line`${style.red(code)} ${message}`);
  parts.push(
    problems.length === 0
      ? line`${style.green('clean')}: ${plural(blobs, 'blob')}, ${formatBytes(bytes)}`
      : line`${style.red(plural(problems.length, 'problem'))} in ${plural(blobs, 'blob')}`,
  );
  if (!('leftovers' in report)) return lines(parts);
  const { unreferenced, leftovers, unsound } = report;
  if (unsound.length > 0) parts.push(line`"cosa fsck --repair" sets damaged blobs aside and fetches what it can`);
  const removable = [
    ...(unreferenced.blobs === 0
      ? []
      : [`${plural(unreferenced.blobs, 'blob')} that nothing refers to (${formatBytes(unreferenced.bytes)})`]),
    ...(leftovers === 0 ? [] : [plural(leftovers, 'unfinished file')]),
  ];
  if (removable.length > 0) parts.push(line`"cosa prune" removes ${removable.join(' and ')}`);
  return lines(parts);
}
