import { customizeImage } from '../../flows/image/customize.ts';
import { defineCommand } from '../command.ts';
import { collect } from '../parsers.ts';

export const imageCustomize = defineCommand({
  description:
    'Writes a copy of a disk image or live ISO that has an Ignition config and other kernel arguments in it: in the same ' +
    'format, compressed in the same way. Disks are raw, qcow2, VHD, VHDX or streamOptimized VMDK; those of Fedora CoreOS and its ' +
    'kin can be customized as well. On a disk, only a few files of the boot filesystem change. The record of the copy says ' +
    'that it is customized. Needs no root and no mount.',
  configure: (command) =>
    command
      .argument('<image>', 'the disk image or ISO')
      .requiredOption('-o, --output <file>', 'where the copy goes; nothing may be there')
      .option('-i, --ignition <file>', 'an Ignition config, for the first boot')
      .option('--append-karg <karg>', 'append a kernel argument; can be given several times', collect)
      .option('--delete-karg <karg>', 'delete a kernel argument; can be given several times', collect)
      .option('--replace-karg <karg=old=new>', "change a kernel argument's value; can be given several times", collect)
      .option(
        '--firstboot-arg <karg>',
        'a kernel argument for the first boot of a disk alone, to bring the network up; can be given several times',
        collect,
      ),
  examples: [
    {
      run: 'cosa image customize images/13.0.0/os-13.0.0-metal.x86_64.raw --output kiosk.raw --ignition kiosk.ign',
      does: 'Make a disk that sets itself up at its first boot',
    },
    {
      run: 'cosa image customize fedora-coreos-qemu.x86_64.qcow2.xz -o mine.qcow2.xz --append-karg console=ttyS0 --delete-karg quiet',
      does: 'Change the kernel arguments in a copy of any CoreOS disk',
    },
  ],
  run: async (context, [image], options) => {
    const { output, ignition, appendKarg = [], deleteKarg = [], replaceKarg = [], firstbootArg } = options;
    const customized = await customizeImage(context, {
      directory: context.directory,
      image,
      output,
      ignition,
      append: appendKarg,
      delete: deleteKarg,
      replace: replaceKarg,
      firstBootArguments: firstbootArg,
    });
    return { text: `${customized.path} is written`, json: customized };
  },
});
