import { pullContainer } from '../../flows/container/pull.ts';
import { openWorkDirectory } from '../../workspace/work-directory.ts';
import { defineCommand } from '../command.ts';
import { collect, platform } from '../parsers.ts';
import { transferredText } from '../render/transferred.ts';

export const pull = defineCommand({
  description:
    "Brings a container into the work directory's oci/, under the reference's own tag or those of --tag, with its test " +
    'results, signatures and whatever else refers to it. Only what is missing is downloaded. Of an index with several ' +
    "architectures, this machine's container is taken.",
  configure: (command) =>
    command
      .argument('<reference>', 'the container')
      .option('--tag <tag>', 'the tag that it gets in oci/; may be given several times', collect)
      .option('--platform <os/architecture>', "another architecture than this machine's", platform)
      .option('--force', 'let a version become another container'),
  examples: [
    {
      run: 'cosa pull docker://registry.example.com/os/debian-coreos:testing',
      does: "Bring a stream's container here, to look at it or to build on it",
    },
    {
      run: 'cosa pull docker://registry.example.com/os/debian-coreos:testing --tag upstream --platform linux/arm64',
      does: 'Take another architecture, and choose its tag here',
    },
  ],
  registries: true,
  resumes: true,
  run: async (context, [reference], options) => {
    const work = await openWorkDirectory(context.directory);
    const pulled = await pullContainer(context, work, {
      reference,
      tags: options.tag ?? [],
      platform: options.platform,
      force: options.force === true,
    });
    return { text: transferredText(pulled, context.style), json: pulled };
  },
});
