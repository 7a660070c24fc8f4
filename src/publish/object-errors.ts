import { type CosaError, verificationError } from '../lib/errors.ts';

/** The error for an object that must be there. @param url of the store */
export function objectMissing(key: string, url: string): CosaError {
  return verificationError('OBJECT_MISSING', `${url} has no object ${key}`);
}

/** The error for a write whose condition does not hold: somebody else has written. */
export function objectChanged(key: string, url: string): CosaError {
  return verificationError('OBJECT_CHANGED', `${key} in ${url} was changed by somebody else meanwhile`, {
    hint: 'run the command again: it starts from what is there then',
  });
}

/** The error for bytes that are not what their record says. */
export function sourceChanged(key: string): CosaError {
  return verificationError('UPLOAD_SOURCE_CHANGED', `what is read for ${key} is not what its checksum says`, {
    hint: 'nothing was stored: make the file anew, or fetch it again',
  });
}
