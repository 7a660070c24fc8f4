import { Option } from '@commander-js/extra-typings';
import { architectureNames } from '../lib/architecture.ts';
import { architecture } from './parsers.ts';

/** --arch, for each command that can work for another architecture than this machine's. */
export function architectureOption(what: string) {
  // The names are what shells complete; the parser knows those of others too.
  return new Option('--arch <name>', what).choices(architectureNames).argParser(architecture);
}
