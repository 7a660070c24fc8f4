import { type ConfigDifference, diffConfigs } from '../../flows/config/diff.ts';
import type { Json } from '../../lib/canonical-json.ts';
import { plural } from '../../lib/format.ts';
import { defineCommand } from '../command.ts';
import { addConfigOptions, configRequest } from '../config-options.ts';
import { line, lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';

export const configDiff = defineCommand({
  description:
    'Compares two configs as builds see them, flattened. Each is a directory or manifest, "stream:NAME" or "variant:NAME" of ' +
    "the work directory's config (or the one right here), or a revision of its git.",
  configure: (command) => addConfigOptions(command.argument('<a>', 'what was').argument('<b>', 'what is')),
  examples: [
    { run: 'cosa config diff stream:stable stream:next', does: 'Compare two streams' },
    { run: 'cosa config diff HEAD~1 .', does: 'Compare the commit before with the files as they are' },
    { run: 'cosa config diff variant:c9s variant:c10s --json', does: 'Compare two variants, for a script' },
  ],
  registries: true,
  run: async (context, [before, after], options) => {
    const found = await diffConfigs(context, configRequest(context, undefined, options), [before, after]);
    return { text: diffText(found, context.style), json: found };
  },
});

function diffText(found: readonly ConfigDifference[], style: Style): Shown {
  if (found.length === 0) return line`no difference`;
  return lines([
    ...found.flatMap(({ pointer, before, after }) => [
      ...(before === undefined ? [] : [line`${style.red('-')} ${pointer}: ${valueText(before)}`]),
      ...(after === undefined ? [] : [line`${style.green('+')} ${pointer}: ${valueText(after)}`]),
    ]),
    line`${plural(found.length, 'difference')}`,
  ]);
}

function valueText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
