import { Argument } from '@commander-js/extra-typings';
import { type PushedImages, pushImages } from '../../flows/image/push.ts';
import { usageError } from '../../lib/errors.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { readPassphrase } from '../passphrase.ts';
import { line, lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';

const imageArgument = new Argument(
  '<image...>',
  "images by their file or their platform, all of the container's in the work directory unless given; and at the end where to, " +
    'docker://HOST/REPO[:TAG], oci:DIR[:TAG] or oci-archive:FILE[:TAG]',
);

export const imagePush = defineCommand({
  description:
    'Brings disk images to a registry, or to any other place: each beside its container, as a referrer, and all of them in ' +
    'an index under a tag of their own, VERSION-disks unless another is named. The container goes along where it is missing, ' +
    'with its list of packages, test results and signatures. Images are verified while they are read, only what is missing ' +
    'moves, and the tag is set last. Images for other platforms and architectures that the tag names stay. ' +
    '"cosa image pull" fetches them, and so does "oras pull".',
  configure: (command) =>
    command
      .usage('[options] [image-or-platform...] <destination>')
      .addArgument(imageArgument)
      .option('--from <reference>', 'their container; the newest build of the work directory unless given')
      .addOption(architectureOption('which container of several; that for this machine unless given'))
      .option('--sign <key>', "sign each image and its provenance with this key, as the container's signer does")
      .option('--identity <name>', 'with --sign: the name to sign under; in a registry the repository unless given')
      .option('--force', "let a version's disk images become others")
      .option('--dry-run', 'only say what would be copied'),
  examples: [
    {
      run: 'cosa image push docker://registry.example.com/os/example',
      does: 'Bring all images of the newest build beside its container',
    },
    {
      run: 'cosa image push qemu metal docker://registry.example.com/os/example:testing-disks',
      does: 'Bring two of them, under a tag of your own',
    },
    {
      run: 'cosa image push --sign release.key docker://registry.example.com/os/example',
      does: 'Sign them too, and say what they were made of',
    },
    {
      run: 'cosa image push ./example-13.0.0-qemu.x86_64.qcow2 docker://localhost:5000/os --from oci:builds:13.0.0',
      does: 'Bring an image that lies elsewhere, of a container that lies elsewhere',
    },
  ],
  registries: true,
  resumes: true,
  run: async (context, [given], { from, arch, sign, identity, force, dryRun }) => {
    const destination = given.at(-1);
    if (destination === undefined) throw usageError('PUSH_ARGUMENTS', 'no destination is given');
    const pushed = await pushImages(context, {
      directory: context.directory,
      names: given.slice(0, -1),
      destination,
      from,
      architecture: arch,
      force,
      dryRun,
      signing:
        sign === undefined
          ? undefined
          : { key: sign, identity, passphrase: () => readPassphrase(context, `Passphrase of ${sign}: `) },
    });
    return { text: pushedText(pushed, context.style), json: pushed };
  },
});

function pushedText(pushed: PushedImages, style: Style): Shown {
  const { destination, tag, images, identity, blobs, bytes, leftOut } = pushed;
  const rows = images.map(({ platform, architecture, format, size, digest }) => [
    `  ${platform}`,
    architecture,
    format,
    formatBytes(size),
    digest,
  ]);
  const counts = [
    `${plural(blobs.sent, 'blob')} copied (${formatBytes(bytes)})`,
    ...(blobs.mounted > 0 ? [`${blobs.mounted} mounted`] : []),
    ...(blobs.present > 0 ? [`${blobs.present} there already`] : []),
  ];
  return lines([
    line`${style.bold(`${destination}:${tag}`)}`,
    table(rows, [3]),
    `  ${counts.join(', ')}`,
    ...(identity === undefined ? [] : [line`  signed as ${identity}`]),
    ...leftOut.map((reason) => line`  ${style.yellow('left out')} ${reason}`),
  ]);
}
