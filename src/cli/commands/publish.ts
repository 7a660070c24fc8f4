import { Option } from '@commander-js/extra-typings';
import { type PublishResult, publish as publishImages } from '../../flows/publish/publish.ts';
import { formatBytes } from '../../lib/format.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';
import { storeOptions, withStoreOptions } from '../store-options.ts';

const actions = { publish: 'published', sign: 'signed', none: 'there already' } as const;
const plans = { publish: 'to publish', sign: 'to sign', none: 'there already' } as const;

export const publish = defineCommand({
  description:
    'Brings the disk images of a build to object storage: those in images/, or those that lie in a registry beside their ' +
    'container, which are passed on without being stored here. Files are read once, and verified while they are; large ones ' +
    'go in parts, side by side, and after a break from where they stopped. Nothing names a file before it is there: ' +
    'images.json, which says what is published, is written last. What is published under a version stays: the same images ' +
    'change nothing, others are refused; platforms may be added. Credentials and regions come from the AWS configuration ' +
    '(environment, ~/.aws, the machine). "cosa stream update" then lets a stream have the version.',
  configure: (command) =>
    withStoreOptions(
      command
        .argument('<store>', 'where to: s3://BUCKET/PREFIX or file:///DIR')
        .option('--from <reference>', 'their container; the newest build of the work directory unless given')
        .addOption(architectureOption('which container of several; that for this machine unless given'))
        .option('--stream <name>', 'which stream the build belongs to; that of its container unless given')
        .option('--platform <name...>', 'images for these platforms; all that there are unless given')
        .option('--gpg-key <id>', "sign each file and the list of checksums with this key of gpg's keyring")
        .addOption(new Option('--public', 'let everybody read what is written').conflicts('private'))
        .addOption(new Option('--private', "let nobody but the bucket's owner read it"))
        .option('--dry-run', 'only say what would be published'),
    ),
  examples: [
    { run: 'cosa publish s3://example-builds/os', does: 'Publish all images of the newest build' },
    {
      run: 'cosa publish s3://example-builds/os --platform qemu metal --gpg-key release@example.com --public',
      does: 'Publish two of them, signed, for everybody',
    },
    {
      run: 'cosa publish s3://os --endpoint https://storage.example.com --from docker://registry.example.com/os/example:stable',
      does: 'Publish what lies in a registry, to a server of your own',
    },
    { run: 'cosa publish file:///srv/www/os', does: 'Publish to a directory that a web server serves' },
  ],
  registries: true,
  resumes: true,
  run: async (context, [store], options) => {
    const { from, arch, stream, platform = [], gpgKey, dryRun = false } = options;
    const access = options.public === true ? 'public' : options.private === true ? 'private' : undefined;
    const result = await publishImages(context, {
      directory: context.directory,
      store,
      options: { ...storeOptions(options), access },
      from,
      architecture: arch,
      stream,
      platforms: platform,
      gpgKey,
      dryRun,
    });
    return { text: publishedText(result, dryRun, context.style), json: result };
  },
});

function publishedText({ where, images }: PublishResult, dryRun: boolean, style: Style): Shown {
  const words = dryRun ? plans : actions;
  const rows = images.flatMap(({ platform, format, files }) =>
    files.map(({ name, size, action }) => [`  ${platform}`, format, formatBytes(size), words[action], name]),
  );
  return lines([line`${style.bold(where)}`, table(rows, [2])]);
}
