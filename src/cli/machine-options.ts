import { Option } from '@commander-js/extra-typings';
import { firmwares } from '../vm/firmware.ts';
import { wholeNumber } from './parsers.ts';

/** --firmware, for each command that boots a machine. */
export function firmwareOption() {
  return new Option('--firmware <name>', 'what starts the boot loader').choices(firmwares).default('bios' as const);
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
