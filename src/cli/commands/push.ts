import { pushContainer } from '../../flows/container/push.ts';
import { pushIndex } from '../../flows/container/push-index.ts';
import { usageError } from '../../lib/errors.ts';
import { platformName } from '../../oci/platform.ts';
import { parseReference } from '../../oci/reference.ts';
import { defineCommand } from '../command.ts';
import { lines } from '../render/shown.ts';
import { transferredText } from '../render/transferred.ts';

export const push = defineCommand({
  description:
    'Brings a build to a registry, or to any other place: the newest one, or that of --from. Only what is missing there ' +
    'moves, and tags are set last. Without a tag in the destination the build keeps those of its version and of its ' +
    'stream\'s candidate; streams are moved by "cosa promote". Test results, signatures and lists of packages go along. ' +
    'With --index, builds for several architectures become one index, from which readers pick theirs.',
  configure: (command) =>
    command
      .usage('[options] [source] <destination>')
      .argument(
        '<reference...>',
        'where to, docker://HOST/REPO[:TAG], oci:DIR[:TAG] or oci-archive:FILE[:TAG], and before it what to push; with --index: ' +
          'where to, and then the builds, one for each architecture',
      )
      .option('--from <reference>', 'what to push, if not named before the destination')
      .option('--index', 'make an index of several builds')
      .option('--no-referrers', 'leave behind what refers to the build')
      .option('--force', 'let a version become another container'),
  examples: [
    { run: 'cosa push docker://registry.example.com/os/debian-coreos', does: 'Offer the newest build as candidate' },
    { run: 'cosa push 13.0.1 docker://localhost:5000/os:mine', does: 'Push a version under a tag of your own' },
    {
      run: 'cosa push --index docker://registry.example.com/os/debian-coreos:testing oci:amd64:testing oci:arm64:testing',
      does: 'Offer two architectures under one tag',
    },
  ],
  registries: true,
  resumes: true,
  run: async (context, [references], options) => {
    const { index, referrers, force = false } = options;
    if (index !== true) {
      const { destination, from } = sourceAndDestination(references, options.from);
      const pushed = await pushContainer(context, context.directory, { destination, from, referrers, force });
      return { text: transferredText(pushed, context.style), json: pushed };
    }
    const [destination = '', ...builds] = references;
    if (options.from !== undefined || builds.length === 0) {
      throw usageError('PUSH_INDEX', 'an index is made of the builds that are named after the destination', {
        hint: 'cosa push --index DESTINATION BUILD BUILD…',
      });
    }
    const { images, ...pushed } = await pushIndex(context, context.directory, {
      destination,
      references: builds,
      referrers,
      force,
    });
    const rows = images.map(({ platform, digest }) => `  ${platformName(platform)}  ${digest}`);
    return {
      text: lines([transferredText(pushed, context.style), ...rows]),
      json: { ...pushed, images },
    };
  },
});

/** What to push and where to: the source first, as every tool has it, or the destination alone. */
function sourceAndDestination(references: readonly string[], given: string | undefined) {
  const [first = '', second, ...more] = references;
  if (second === undefined) return { destination: first, from: given };
  if (given !== undefined || more.length > 0) {
    throw usageError('PUSH_ARGUMENTS', 'one build is pushed to one destination', {
      hint: 'cosa push SOURCE DESTINATION, or --index to make an index of several builds',
    });
  }
  if (parseReference(second).name === undefined) return { destination: second, from: first };
  throw usageError('PUSH_ARGUMENTS', `${second} is no destination: it names what lies in the work directory`, {
    hint: `the destination comes last: cosa push ${second} ${first}`,
  });
}
