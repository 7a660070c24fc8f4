import { usageError } from '../lib/errors.ts';
import { formatImageName, parseImageName } from '../oci/image-name.ts';
import type { Place } from '../oci/place.ts';

/**
 * The name under which something is signed: that of its repository unless another is given.
 * @param what names it in errors
 * @throws CosaError `IDENTITY_REQUIRED`, `IDENTITY_INVALID` (exit 2)
 */
export function signedName(given: string | undefined, place: Place, what: string): string {
  const text = given ?? place.imageName?.({}).repository;
  if (text === undefined) {
    throw usageError('IDENTITY_REQUIRED', `${what} is in no registry: nothing says under which name to sign it`, {
      hint: 'name the repository that it is going to: --identity HOST/REPOSITORY',
    });
  }
  const parsed = parseImageName(text);
  if (parsed === undefined || parsed.digest !== undefined) {
    throw usageError('IDENTITY_INVALID', `"${text}" is not a name to sign under`, {
      hint: 'write HOST/REPOSITORY or HOST/REPOSITORY:TAG',
    });
  }
  return formatImageName(parsed);
}
