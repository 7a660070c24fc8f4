import { pushContainer } from '../../flows/transfer/push.ts';
import { pushIndex } from '../../flows/transfer/push-index.ts';
import { usageError } from '../../lib/errors.ts';
import { platformName } from '../../oci/image.ts';
import { defineCommand } from '../command.ts';
import { lines } from '../render/shown.ts';
import { transferredJson, transferredText } from '../render/transferred.ts';

export const push = defineCommand({
  description:
    'Brings a build to a registry, or to any other place: the newest one, or that of --from. Only what is missing there ' +
    'moves, and tags are set last. Without a tag in the destination the build keeps those of its version and of its ' +
    'stream\'s candidate; streams are moved by "cosa promote". Test results, signatures and lists of packages go along. ' +
    'With --index, builds for several architectures become one index, from which readers pick theirs.',
  configure: (command) =>
    command
      .argument('<destination>', 'where to: docker://HOST/REPO[:TAG], oci:DIR[:TAG] or oci-archive:FILE[:TAG]')
      .argument('[build...]', 'with --index: the builds, one for each architecture')
      .option('--from <reference>', 'what to push; the newest build unless given')
      .option('--index', 'make an index of several builds')
      .option('--no-referrers', 'leave behind what refers to the build'),
  examples: [
    { run: 'cosa push docker://registry.example.com/os/debian-coreos', does: 'Offer the newest build as candidate' },
    { run: 'cosa push docker://localhost:5000/os:mine --from 13.0.1', does: 'Push a version under a tag of your own' },
    {
      run: 'cosa push --index docker://registry.example.com/os/debian-coreos:testing oci:amd64:testing oci:arm64:testing',
      does: 'Offer two architectures under one tag',
    },
  ],
  registries: true,
  run: async (context, [destination, builds], { from, index, referrers }) => {
    if (index !== true) {
      if (builds.length > 0) throw buildsGiven(destination, builds);
      const pushed = await pushContainer(context, context.directory, { destination, from, referrers });
      return { text: transferredText(pushed, context.style), json: transferredJson(pushed) };
    }
    if (from !== undefined || builds.length === 0) {
      throw usageError('PUSH_INDEX', 'an index is made of the builds that are named after the destination', {
        hint: 'cosa push --index DESTINATION BUILD BUILD…',
      });
    }
    const { images, ...pushed } = await pushIndex(context, context.directory, {
      destination,
      references: builds,
      referrers,
    });
    const rows = images.map(({ platform, digest }) => `  ${platformName(platform)}  ${digest}`);
    return {
      text: lines([transferredText(pushed, context.style), ...rows]),
      json: {
        ...transferredJson(pushed),
        images: images.map(({ platform, ...image }) => ({ ...image, platform: { ...platform } })),
      },
    };
  },
});

/** Other tools want the source first: whichever way it was written, the hint has it right. */
function buildsGiven(first: string, others: readonly string[]) {
  const last = others.at(-1) ?? '';
  const [to, from] = /^(docker:\/\/|oci:|oci-archive:)/.test(first) ? [first, last] : [last, first];
  return usageError('PUSH_ARGUMENTS', 'one build is pushed to one destination, which is the only argument', {
    hint: `cosa push ${to} --from ${from}, or --index to make an index of several builds`,
  });
}
