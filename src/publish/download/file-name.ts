import { verificationError } from '../../lib/errors.ts';
import { isKeyPart } from '../keys.ts';

/**
 * What a published file is called: the end of its address, if that leads nowhere else.
 * @throws CosaError `DOWNLOAD_ADDRESS` (exit 4)
 */
export function publishedFileName(address: string): string {
  const name = URL.canParse(address) ? lastPart(new URL(address).pathname) : '';
  if (isKeyPart(name)) return name;
  throw verificationError('DOWNLOAD_ADDRESS', `${JSON.stringify(address)} ends with no name of a file`, {
    hint: 'it stands in the metadata: ask who publishes it',
  });
}

function lastPart(path: string): string {
  try {
    return decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
  } catch {
    return '';
  }
}
