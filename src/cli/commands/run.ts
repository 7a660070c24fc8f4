import { runMachine } from '../../flows/image/run.ts';
import { CosaError } from '../../lib/errors.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { cpusOption, firmwareOption, memoryOption, networkOption } from '../machine-options.ts';

export const run = defineCommand({
  description:
    'Boots a disk image in QEMU, with KVM where that works and emulated elsewhere, with its serial console on this ' +
    'terminal, logged in as the user core. Without --disk, the image is that of the newest build, made if it is not there. ' +
    'What the guest writes to its disk is thrown away. Ctrl-A X ends the machine, Ctrl-A H shows what else there is; ' +
    'the way out and the ssh command for another terminal stand at the login prompt.',
  configure: (command) =>
    command
      .option('--from <reference>', 'the container; by default the newest build')
      .option('--disk <file>', 'a disk image (.qcow2, .raw, .img) instead of a container')
      .option('--ignition <file>', 'an Ignition config to apply at the first boot')
      .addOption(
        architectureOption(
          "of a container with several architectures, or of a disk without a record; this machine's unless given",
        ),
      )
      .addOption(firmwareOption())
      .addOption(memoryOption())
      .addOption(cpusOption())
      .addOption(networkOption()),
  examples: [
    { run: 'cosa run', does: 'Boot the newest build and log in on its console' },
    { run: 'cosa run --firmware uefi-secure --memory 4096', does: 'The same with Secure Boot enforced and 4 GiB' },
    { run: 'cosa run --arch aarch64', does: 'Boot the newest build for another architecture, emulated' },
    { run: 'cosa run --network host', does: 'Let the guest pull containers and updates' },
    { run: 'cosa run --disk disk.qcow2 --ignition config.ign', does: 'Boot any disk image with a config of your own' },
  ],
  registries: true,
  run: async (context, _arguments, options) => {
    const { arch, ...machine } = options;
    const status = await runMachine(context, { directory: context.directory, architecture: arch, ...machine });
    if (status !== 0) throw new CosaError('MACHINE_FAILED', `QEMU ended with exit status ${status}`);
    return { text: '', json: null };
  },
});
