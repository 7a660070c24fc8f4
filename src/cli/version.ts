import { programName } from '../lib/program.ts';

/** The options that ask for the version. */
export const versionFlags: readonly string[] = ['-V', '--version'];

/** What they print. */
export const versionLine = programName;
