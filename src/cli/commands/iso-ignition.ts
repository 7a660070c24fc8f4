import { embedIgnition, removeIgnition, shownIgnition } from '../../flows/image/iso-ignition.ts';
import { readIgnition } from '../../flows/image/read-ignition.ts';
import { checkIgnitionConfig } from '../../vm/ignition.ts';
import { defineCommand } from '../command.ts';
import { jsonDocument, lines } from '../render/shown.ts';

/** A config that merges others has a few hundred bytes; areas have 256 KiB for the compressed one. */
const largestConfig = 64 << 20;

export const isoIgnitionEmbed = defineCommand({
  description:
    'Gives a live ISO an Ignition config, which the live system runs when it boots. The ISO is changed in place, or a ' +
    'copy with --output. Works on ISOs of cosa and on those of Fedora CoreOS and its kin: both have an area for it. What ' +
    'else is embedded, such as network settings, stays.',
  configure: (command) =>
    command
      .argument('<iso>', 'the ISO file')
      .option('-i, --ignition-file <file>', 'the Ignition config; stdin unless given')
      .option('-f, --force', 'replace a config that the ISO has already', false)
      .option('-o, --output <file>', 'write a changed copy, and leave the ISO as it is'),
  examples: [
    { run: 'cosa iso ignition embed --ignition-file setup.ign live.iso', does: 'Embed a config' },
    {
      run: 'cosa iso ignition embed -i setup.ign live.iso -o setup.iso',
      does: 'Make a copy with a config',
    },
  ],
  run: async ({ directory, input }, [iso], { ignitionFile, force, output }) => {
    const config =
      ignitionFile === undefined
        ? checkIgnitionConfig(await input.readAll(largestConfig), 'stdin')
        : await readIgnition(directory, ignitionFile);
    const path = await embedIgnition(config, { directory, iso, output, force });
    return { text: `${path}: the Ignition config is embedded`, json: { iso: path } };
  },
});

export const isoIgnitionShow = defineCommand({
  description: 'Prints the Ignition config that a live ISO has.',
  configure: (command) => command.argument('<iso>', 'the ISO file'),
  examples: [{ run: 'cosa iso ignition show live.iso', does: 'Print the config' }],
  run: async ({ directory }, [iso]) => {
    const config = await shownIgnition(directory, iso);
    return { text: isJson(config) ? jsonDocument(config) : lines(config.split('\n')), json: { config } };
  },
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export const isoIgnitionRemove = defineCommand({
  description:
    'Takes the Ignition config out of a live ISO, in place, or out of a copy with --output. What else is embedded stays.',
  configure: (command) =>
    command
      .argument('<iso>', 'the ISO file')
      .option('-o, --output <file>', 'write a changed copy, and leave the ISO as it is'),
  examples: [{ run: 'cosa iso ignition remove live.iso', does: 'Remove the config' }],
  run: async ({ directory }, [iso], { output }) => {
    const path = await removeIgnition({ directory, iso, output });
    return { text: `${path}: there is no Ignition config in it`, json: { iso: path } };
  },
});
