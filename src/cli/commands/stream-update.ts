import { type UpdatedStream, updateStream } from '../../flows/publish/stream-update.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Showable, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { storeOptions, withStoreOptions } from '../store-options.ts';

export const streamUpdate = defineCommand({
  description:
    'Brings a stream to a version that is published: writes what belongs to the version (release.json), adds it to the index ' +
    '(releases.json), and then lets the stream have it (streams/STREAM.json), for all architectures that are published. ' +
    'Each document is changed as a whole, whoever else does so at the same time, and keeps what others have put into it. ' +
    'Nothing is named that is not in the store, and no container that its registry lacks. A stream goes back to an older ' +
    'version only with --allow-downgrade.',
  configure: (command) =>
    withStoreOptions(
      command
        .argument('<store>', 'URL of the object store: s3://BUCKET/PREFIX or file:///DIR')
        .option('--stream <name>', 'which stream; needed where the store has several')
        .option('--version <version>', 'which version; the newest that is published unless given')
        .option('--allow-downgrade', 'let the stream go back to an older version')
        .option('--dry-run', 'only say what would be written'),
    ),
  examples: [
    {
      run: 'cosa stream update s3://example-builds/os',
      does: 'Let the stream have the newest version that is published',
    },
    {
      run: 'cosa stream update s3://example-builds/os --stream stable --version 13.20260101.0 --allow-downgrade',
      does: 'Go back to an older one',
    },
  ],
  registries: true,
  resumes: true,
  run: async (context, [store], { stream, version, allowDowngrade = false, dryRun = false, ...others }) => {
    const updated = await updateStream(context, {
      directory: context.directory,
      store,
      options: storeOptions(others),
      stream,
      version,
      allowDowngrade,
      dryRun,
    });
    return { text: updatedText(updated, dryRun, context.style), json: { ...updated, dryRun } };
  },
});

function updatedText(
  { stream, version, address, documents, others }: UpdatedStream,
  dryRun: boolean,
  style: Style,
): Shown {
  const changed = documents.filter((document) => document.changed);
  const write = dryRun ? 'would write' : 'written:';
  const rows: Showable[] = changed.map(({ key }) => line`${write} ${key}`);
  if (changed.length === 0) rows.push(line`${stream} has ${style.bold(version)} already`);
  for (const { architecture, platform, release } of others) {
    rows.push(line`${stream} ${dryRun ? 'would keep' : 'keeps'} ${platform} for ${architecture} of ${release}`);
  }
  return lines([...rows, line`${style.dim('stream:')} ${address}`]);
}
