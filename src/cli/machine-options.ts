import { Option } from '@commander-js/extra-typings';
import { networks } from '../vm/arguments.ts';
import { firmwares } from '../vm/firmware.ts';
import { wholeNumber } from './parsers.ts';

/** --firmware, for each command that boots a machine. */
export function firmwareOption() {
  const what = 'what starts the boot loader; bios unless given, and uefi where machines have no BIOS';
  return new Option('--firmware <name>', what).choices(firmwares);
}

/** --memory, in MiB. */
export function memoryOption() {
  return new Option('--memory <mib>', "the machine's memory in MiB")
    .argParser(wholeNumber(256, 1_048_576))
    .default(2048);
}

/** --cpus. */
export function cpusOption() {
  return new Option('--cpus <n>', "the machine's CPUs").argParser(wholeNumber(1, 255)).default(2);
}

/** --network. */
export function networkOption() {
  const what = 'what the guest reaches: nothing, or what this machine reaches and its own services at 10.0.2.2';
  return new Option('--network <name>', what).choices(networks).default('none' as const);
}
