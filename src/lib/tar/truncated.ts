import { verificationError } from '../errors.ts';

/** The error for a stream that ends too early. */
export function truncated(offset: number, where: string): Error {
  return verificationError('TAR_TRUNCATED', `tar: the stream ends at offset ${offset}, ${where}`, {
    hint: 'the archive is cut off: get it again',
  });
}
