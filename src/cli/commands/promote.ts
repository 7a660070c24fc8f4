import { promote as promoteContainer } from '../../flows/containers/promote.ts';
import { openWorkDirectory } from '../../flows/work-directory.ts';
import { defineCommand } from '../command.ts';
import { collect } from '../parsers.ts';

export const promote = defineCommand({
  description:
    'Moves a stream to its candidate, or to the container of --from, if the required tests have passed for exactly ' +
    'that digest: of each test the last run counts, with each firmware that was tried. Otherwise it says why not, and the exit ' +
    'status is 4.',
  configure: (command) =>
    command
      .argument('<stream>', 'the tag to move')
      .option('--from <reference>', 'what to promote; STREAM-candidate unless given')
      .option('--require <test>', 'a suite or test that must have passed; "basic" unless given', collect),
  examples: [
    { run: 'cosa promote stable', does: 'Release the candidate, if the basic tests have passed' },
    { run: 'cosa promote stable --require basic --require upgrade', does: 'Ask for two suites' },
    { run: 'cosa promote stable --from 13.20260101.0', does: 'Go back to an older version' },
  ],
  registries: true,
  run: async (context, [stream], options) => {
    const work = await openWorkDirectory(context.directory);
    const require = options.require ?? ['basic'];
    const { digest, previous, moved } = await promoteContainer(context, work, { stream, from: options.from, require });
    const text = moved ? `${context.style.bold(stream)} → ${digest}` : `${stream} points to ${digest} already`;
    return { text, json: { stream, digest, previous: previous ?? null, moved } };
  },
});
