import { CosaError } from '../lib/errors.ts';
import { errorText } from './errors.ts';
import { styleFor } from './render/style.ts';

/** Says on stderr that a result could not be written to stdout. */
export function reportOutputFailure({ message }: Error): void {
  const failure = new CosaError('OUTPUT_FAILED', `the result cannot be written: ${message}`);
  process.stderr.write(`${errorText(failure, styleFor(process.stderr, process.env), false)}\n`);
}
