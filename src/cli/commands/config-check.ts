import { type ConfigCheck, checkConfig } from '../../flows/config/check.ts';
import { formatPosition, type SourcePosition } from '../../lib/errors.ts';
import { exitStatus } from '../../lib/exit-status.ts';
import { plural } from '../../lib/format.ts';
import { defineCommand } from '../command.ts';
import { addConfigOptions, configRequest } from '../config-options.ts';
import { line, lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';

export const configCheck = defineCommand({
  description:
    'Reads all of a config and lists every mistake, with file, line, column and what to do; and, as notes, keys that have ' +
    'no effect and names of variables that there are not. The exit status is 2 if there is a mistake.',
  configure: (command) =>
    addConfigOptions(
      command.argument(
        '[directory]',
        'a config directory, or a manifest in one; the config of the work directory unless given',
      ),
    ),
  examples: [
    { run: 'cosa config check', does: "Check the work directory's config" },
    {
      run: 'cosa config check . --arch s390x --json',
      does: 'Check the one right here for an architecture, for a script',
    },
  ],
  registries: true,
  run: async (context, [directory], options) => {
    const checked = await checkConfig(context, configRequest(context, directory, options));
    const { problems, notes } = checked;
    return {
      text: checkText(checked, context.style),
      json: {
        problems: problems.map(({ code, message, where, hint }) => ({
          code,
          message,
          ...place(where),
          hint: hint ?? null,
        })),
        notes: notes.map(({ message, where, hint }) => ({ message, ...place(where), hint: hint ?? null })),
      },
      exitStatus: problems.length > 0 ? exitStatus.usage : exitStatus.ok,
    };
  },
});

function place(where: SourcePosition | undefined) {
  return { file: where?.file ?? null, line: where?.line ?? null, column: where?.column ?? null };
}

function checkText({ problems, notes }: ConfigCheck, style: Style): Shown {
  const shown = (
    mark: Shown,
    item: { message: string; where: SourcePosition | undefined; hint: string | undefined },
  ) => [
    line`${item.where === undefined ? '' : `${formatPosition(item.where)}: `}${mark} ${item.message}`,
    ...(item.hint === undefined ? [] : [line`  ${style.cyan('hint:')} ${item.hint}`]),
  ];
  const count = notes.length === 0 ? '' : `, ${plural(notes.length, 'note')}`;
  return lines([
    ...problems.flatMap((problem) => shown(style.red('error:'), problem)),
    ...notes.flatMap((note) => shown(style.yellow('note:'), note)),
    problems.length === 0 ? line`the config is right${count}` : line`${plural(problems.length, 'mistake')}${count}`,
  ]);
}
