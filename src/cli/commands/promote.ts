import { type Promotion, promote as promoteContainer } from '../../flows/container/promote.ts';
import { defineCommand } from '../command.ts';
import { collect } from '../parsers.ts';
import { line, type Showable } from '../render/shown.ts';
import type { Style } from '../render/style.ts';

export const promote = defineCommand({
  description:
    'Moves a stream to its candidate, or to the container of --from, if the required tests have passed for exactly ' +
    'that digest: the suite basic, unless --require asks for others. Of each test the last run counts, with each firmware that ' +
    'was tried. With --verdict-key, or where policy.json asks for it, only signed results count. Otherwise it says why not, and ' +
    'the exit status is 4; as it is when somebody else moves the stream at the same time.',
  configure: (command) =>
    command
      .argument('<stream>', 'the tag to move: beside what is promoted, or a whole reference')
      .option('--from <reference>', 'what to promote; STREAM-candidate unless given')
      .option('--require <test>', 'a suite or test that must have passed; "basic" unless given', collect)
      .option('--verdict-key <file>', 'a public key: test results count only if they are signed with it', collect)
      .option('--dry-run', 'only say what would be done'),
  examples: [
    { run: 'cosa promote stable', does: 'Release the candidate, if the basic tests have passed' },
    { run: 'cosa promote stable --require basic --require reboot --require deploy', does: 'Ask for all suites' },
    { run: 'cosa promote stable --from 13.20260101.0', does: 'Go back to an older version' },
    {
      run: 'cosa promote docker://registry.example.com/os/debian-coreos:stable',
      does: 'Release the candidate of a registry, from any machine',
    },
  ],
  registries: true,
  run: async (context, [stream], { from, require = ['basic'], verdictKey = [], dryRun = false }) => {
    const promotion = await promoteContainer(context, context.directory, {
      stream,
      from,
      require,
      verdictKeys: verdictKey,
      dryRun,
    });
    const { version = null, previous = null, ...rest } = promotion;
    return { text: promotionText(promotion, dryRun, context.style), json: { ...rest, version, previous, dryRun } };
  },
});

function promotionText({ stream, digest, version, moved }: Promotion, dryRun: boolean, style: Style): Showable {
  const what = version === undefined ? digest : `${version} (${digest})`;
  if (!moved) return `${stream} points to ${what} already`;
  return dryRun ? line`Would promote ${what} to ${style.bold(stream)}` : line`${style.bold(stream)} → ${what}`;
}
