import { type ListedPlatform, type ListedPlatforms, listPlatforms } from '../../flows/image/list.ts';
import { formatBytes } from '../../lib/format.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Showable, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';

export const imageList = defineCommand({
  description:
    'Lists the platforms that disk images can be made for: the format, what the image is made from, the architectures, ' +
    'whether this machine can make it and what has been made, of the newest build or of the container that is named.',
  configure: (command) =>
    command
      .option('--from <reference>', 'the container; the newest build of the work directory unless given')
      .addOption(architectureOption('which container of several; that for this machine unless given')),
  examples: [
    { run: 'cosa image list', does: 'Show what there is, and what was made of the newest build' },
    { run: 'cosa image list --from stable --json', does: 'The same of another container, for a script' },
  ],
  registries: true,
  run: async (context, _arguments, { from, arch }) => {
    const listed = await listPlatforms(context, context.directory, from, arch);
    return { text: listText(listed, context.style), json: listJson(listed) };
  },
});

function listText({ container, platforms }: ListedPlatforms, style: Style): Shown {
  const heading = ['PLATFORM', 'FORMAT', 'MADE FROM', 'ARCHITECTURES', 'HERE', 'BUILT'].map(style.dim);
  const rows = platforms.map((platform): Showable[] => [
    style.bold(platform.name),
    platform.format,
    platform.madeFrom,
    platform.architectures.join(', '),
    platform.obstacle === undefined ? style.green('yes') : style.yellow('no'),
    builtText(platform),
  ]);
  const about = container === undefined ? 'no build yet' : line`${container.version}, for ${container.architecture}`;
  return lines([about, table([heading, ...rows]), ...obstacleLines(platforms)]);
}

function builtText({ format, images }: ListedPlatform): string {
  const texts = images.map((image) => {
    const compressor = image.format.slice(format.length + 1);
    const remarks = [compressor, image.customized ? 'customized' : ''].filter((remark) => remark !== '');
    return `${formatBytes(image.size)}${remarks.length === 0 ? '' : ` (${remarks.join(', ')})`}`;
  });
  return texts.join(', ') || '-';
}

/** Each reason once, with those that it holds for. */
function obstacleLines(platforms: readonly ListedPlatform[]): Showable[] {
  const reasons = new Map<string, { names: string[]; hint: string | undefined }>();
  for (const { name, obstacle } of platforms) {
    if (obstacle === undefined) continue;
    const reason = reasons.get(obstacle.message) ?? { names: [], hint: obstacle.hint };
    reason.names.push(name);
    reasons.set(obstacle.message, reason);
  }
  return [...reasons].map(([message, { names, hint }]) => {
    const whose = names.length === platforms.length ? 'all' : names.join(', ');
    return hint === undefined ? line`${whose}: ${message}` : line`${whose}: ${message} (${hint})`;
  });
}

function listJson({ container, platforms }: ListedPlatforms) {
  return {
    container: container ?? null,
    platforms: platforms.map(({ obstacle, ...platform }) => ({ ...platform, obstacle: obstacle ?? null })),
  };
}
