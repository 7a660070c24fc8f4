import { tagContainer } from '../../flows/containers/tag.ts';
import { openWorkDirectory } from '../../flows/work-directory.ts';
import { defineCommand } from '../command.ts';

export const tag = defineCommand({
  description:
    "Points one or more tags of the work directory's oci/ at one of its containers. A tag that exists is moved. " +
    'To move a stream once its tests have passed, use "cosa promote".',
  configure: (command) =>
    command.argument('<reference>', 'the container: a tag, version or digest prefix').argument('<tag...>', 'the tags'),
  examples: [{ run: 'cosa tag 13.20260101.0 last-good', does: 'Give a version a second name, which "prune" respects' }],
  registries: true,
  run: async (context, [reference, tags]) => {
    const { digest } = await tagContainer(context, await openWorkDirectory(context.directory), reference, tags);
    return { text: `${tags.join(', ')} → ${digest}`, json: { tags, digest } };
  },
});
