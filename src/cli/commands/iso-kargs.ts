import { modifyArguments, resetIso, shownArguments } from '../../flows/image/iso-kernel-arguments.ts';
import { usageError } from '../../lib/errors.ts';
import { defineCommand } from '../command.ts';
import { collect } from '../parsers.ts';
import { line } from '../render/shown.ts';

export const isoKargsShow = defineCommand({
  description: "Prints the kernel's arguments of a live ISO.",
  configure: (command) =>
    command.argument('<iso>', 'the ISO file').option('-d, --default', 'those that the ISO was built with', false),
  examples: [
    { run: 'cosa iso kargs show live.iso', does: 'Print the arguments' },
    { run: 'cosa iso kargs show --default live.iso', does: 'Print what "reset" would make of them' },
  ],
  run: async ({ directory }, [iso], options) => {
    const shown = await shownArguments(directory, iso, options.default);
    return { text: shown.arguments, json: shown };
  },
});

export const isoKargsModify = defineCommand({
  description:
    "Changes the kernel's arguments of a live ISO, for all of its boot loaders: in place, or in a copy with --output. Works " +
    'on ISOs of cosa and on those of Fedora CoreOS and its kin. First arguments are deleted, then appended, then replaced.',
  configure: (command) =>
    command
      .argument('<iso>', 'the ISO file')
      .option('-a, --append <karg>', 'append an argument; can be given several times', collect)
      .option('-d, --delete <karg>', 'delete an argument; can be given several times', collect)
      .option('-r, --replace <karg=old=new>', "change an argument's value; can be given several times", collect)
      .option('-o, --output <file>', 'write a changed copy, and leave the ISO as it is'),
  examples: [
    { run: 'cosa iso kargs modify --append console=ttyS0,115200n8 live.iso', does: 'Have a serial console' },
    {
      run: 'cosa iso kargs modify -d ignition.firstboot -r mitigations=auto=off live.iso -o plain.iso',
      does: 'Make a copy with other arguments',
    },
  ],
  run: async ({ directory }, [iso], { append = [], delete: deleted = [], replace = [], output }) => {
    if (append.length + deleted.length + replace.length === 0) {
      throw usageError('COMMAND_LINE', 'nothing is to be changed: --append, --delete and --replace are not given', {
        hint: '"cosa iso kargs show" prints the arguments',
      });
    }
    const changed = await modifyArguments({ directory, iso, output }, { append, delete: deleted, replace });
    return { text: line`${changed.iso}: ${changed.arguments}`, json: changed };
  },
});

export const isoKargsReset = defineCommand({
  description: "Makes the kernel's arguments of a live ISO those that it was built with: in place, or in a copy.",
  configure: (command) =>
    command
      .argument('<iso>', 'the ISO file')
      .option('-o, --output <file>', 'write a changed copy, and leave the ISO as it is'),
  examples: [{ run: 'cosa iso kargs reset live.iso', does: 'Undo all changes of the arguments' }],
  run: async ({ directory }, [iso], { output }) => {
    const changed = await resetIso({ directory, iso, output, ignition: false });
    return { text: line`${changed.iso}: ${changed.arguments}`, json: changed };
  },
});

export const isoReset = defineCommand({
  description:
    "Makes a live ISO what it was when it was built: without Ignition config, without network settings, with the kernel's " +
    'default arguments. In place, or in a copy with --output.',
  configure: (command) =>
    command
      .argument('<iso>', 'the ISO file')
      .option('-o, --output <file>', 'write a changed copy, and leave the ISO as it is'),
  examples: [{ run: 'cosa iso reset live.iso', does: 'Undo all changes' }],
  run: async ({ directory }, [iso], { output }) => {
    const changed = await resetIso({ directory, iso, output, ignition: true });
    return { text: line`${changed.iso} is as it was built`, json: changed };
  },
});
