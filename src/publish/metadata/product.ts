import { verificationError } from '../../lib/errors.ts';
import type { Formats } from './artifact.ts';

/**
 * Checks that a document is of the stream in whose place it lies.
 * @throws CosaError `STREAM_OTHER_PRODUCT` (exit 4)
 */
export function requireStream(document: { stream: string }, stream: string): void {
  if (document.stream === stream) return;
  throw verificationError(
    'STREAM_OTHER_PRODUCT',
    `the metadata of the stream ${stream} says that it is of the stream ${document.stream}`,
    { hint: 'look at what lies in the store: two streams must not share one place' },
  );
}

/**
 * Checks that images are of a product: their files' names begin with it, and with their version. Other names say nothing.
 * @param product as containers have it in their label
 * @throws CosaError `STREAM_OTHER_PRODUCT` (exit 4)
 */
export function requireProduct(formats: Formats, release: string, product: string): void {
  for (const { disk, kernel } of Object.values(formats)) {
    const location = (disk ?? kernel)?.location ?? '';
    const other = productOf(location.slice(location.lastIndexOf('/') + 1), release);
    if (other === undefined || other === product) continue;
    throw verificationError(
      'STREAM_OTHER_PRODUCT',
      `the metadata that is there is of ${other} (${location}), and not of ${product}`,
      { hint: `publish ${product} under another prefix, or into another stream` },
    );
  }
}

/** What stands before the version in a file's name. */
function productOf(file: string, release: string): string | undefined {
  const end = file.indexOf(`-${encodeURIComponent(release)}-`);
  return end > 0 ? file.slice(0, end) : undefined;
}
