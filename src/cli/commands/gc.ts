import { type CollectedPlace, collectGarbage, type Freed } from '../../flows/publish/gc.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import type { Verdict } from '../../publish/retention/plan.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Showable } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { storeOptions, withStoreOptions } from '../store-options.ts';

export const gc = defineCommand({
  description:
    'Removes what a policy has no use for any more, from the work directory, registries and object stores, which it looks at ' +
    'together: the last builds of each stream, those of the last days and those with certain tags stay, and so does whatever ' +
    'a stream, an index, a tag of your own, a release or a derived container needs. What cannot be read, or does not say when ' +
    'it was made, stays. Without --apply it only says what would go, and why. Ages are those that containers, versions and ' +
    'releases say themselves.',
  configure: (command) =>
    withStoreOptions(
      command
        .requiredOption('--policy <file>', 'what is to stay, and where')
        .option('--apply', 'remove it, and do not only say what would go'),
    ),
  examples: [
    { run: 'cosa gc --policy gc.yaml', does: 'See what would go, and why the rest stays' },
    { run: 'cosa gc --policy gc.yaml --apply', does: 'Remove it' },
  ],
  registries: true,
  resumes: true,
  run: async (context, _args, options) => {
    const { policy, apply = false } = options;
    const places = await collectGarbage(context, {
      directory: context.directory,
      policy,
      store: storeOptions(options),
      now: Date.now(),
      apply,
    });
    return {
      text: lines(
        places.map((place) => placeText(place, apply, context.style)),
        '\n\n',
      ),
      json: { applied: apply, places: places.map(placeJson) },
    };
  },
});

function placeText({ place, kept, removed, freed }: CollectedPlace, apply: boolean, style: Style): Showable {
  const count = plural(removed.length, 'item');
  const verb = apply ? 'removed' : 'would remove';
  const heading =
    removed.length === 0 ? 'there is nothing to remove' : `${verb} ${count} of ${removed.length + kept.length}`;
  return lines([
    line`${style.bold(place)}: ${heading}${freedText(freed)}`,
    ...removed.map((verdict) => verdictText(apply ? 'removed' : 'goes', verdict, style)),
    ...(apply ? [] : kept.map((verdict) => verdictText('stays', verdict, style))),
  ]);
}

function freedText({ blobs, bytes, manifests, tags, objects }: Freed): string {
  const parts = [
    ...(blobs ? [plural(blobs, 'blob')] : []),
    ...(manifests ? [plural(manifests, 'manifest')] : []),
    ...(tags ? [`${plural(tags, 'tag')}, for it removes no manifests`] : []),
    ...(objects ? [plural(objects, 'object')] : []),
    ...(bytes ? [formatBytes(bytes)] : []),
  ];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function verdictText(word: string, { item, reasons }: Verdict, style: Style): Showable {
  const mark = word === 'stays' ? style.green(word) : style.yellow(word);
  return line`  ${mark} ${item.kind} ${item.name}: ${reasons.join('; ')}`;
}

function placeJson({ place, kept, removed, freed }: CollectedPlace): object {
  return { place, removed: removed.map(verdictJson), kept: kept.map(verdictJson), freed };
}

function verdictJson({ item, reasons }: Verdict): object {
  const { id, kind, name, stream = null, version = null, created, tags } = item;
  const time = created === undefined ? null : new Date(created).toISOString();
  return { id, kind, name, stream, version, created: time, tags, reasons };
}
