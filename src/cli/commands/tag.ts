import { tagContainer } from '../../flows/container/tag.ts';
import { defineCommand } from '../command.ts';

export const tag = defineCommand({
  description:
    'Points one or more tags at a container, in the place where it lies: oci/, another layout, a repository. A tag that ' +
    'exists is moved. To move a stream once its tests have passed, use "cosa promote".',
  configure: (command) => command.argument('<reference>', 'the container').argument('<tag...>', 'the tags'),
  examples: [
    { run: 'cosa tag 13.20260101.0 last-good', does: 'Give a version a second name, which "prune" respects' },
    {
      run: 'cosa tag docker://registry.example.com/os/debian-coreos:13.20260101.0 last-good',
      does: 'The same in a repository, without a byte of the container moving',
    },
  ],
  registries: true,
  run: async (context, [reference, tags]) => {
    const { place, descriptor } = await tagContainer(context, context.directory, reference, tags);
    const { digest } = descriptor;
    return { text: `${tags.join(', ')} → ${digest}`, json: { place, tags, digest } };
  },
});
