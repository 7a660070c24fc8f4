import { usageError, verificationError } from '../../lib/errors.ts';

/** The error of a filesystem that contradicts itself, by accident or on purpose. */
export function damaged(reason: string) {
  return verificationError('DISK_INVALID', `the boot filesystem of the disk is damaged: ${reason}`);
}

/** The error of a filesystem that may be right, but that is not understood well enough to change it. */
export function unsupported(reason: string, hint?: string) {
  return usageError('DISK_UNSUPPORTED', `the boot filesystem of the disk cannot be changed: ${reason}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
