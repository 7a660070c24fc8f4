import { verificationError } from '../../../lib/errors.ts';
import type { ContentLayer } from '../content-layer.ts';
import type { ContentEntry } from '../layer-objects.ts';
import type { LabelledContent, LabelledObject } from './labelled-trees.ts';

/** A content that is larger stays in no memory, though it becomes more than one object. */
const smallBytes = 1 << 20;
/** A layer is read so many times at most for its objects: large files with so many labels are in no system. */
const mostReadings = 8;

/**
 * What comes of a layer when its contents are labelled. A large content of several objects gives one of them at a time, for
 * which the layer is read again.
 * @param contents by the checksums that they have in the layer
 * @returns as many readings as are needed; of a layer with nothing to be labelled, none
 * @throws CosaError `CONTENT_TOO_LARGE` (exit 4)
 */
export function labelledLayers(source: ContentLayer, contents: ReadonlyMap<string, LabelledContent>): ContentLayer[] {
  let readings = 0;
  for (const { layer, size, objects } of contents.values()) {
    if (layer === source)
      readings = Math.max(readings, size > smallBytes ? objects.length : Math.min(1, objects.length));
  }
  if (readings > mostReadings) {
    throw verificationError(
      'CONTENT_TOO_LARGE',
      `layer ${source.layer.descriptor.digest}: a file of more than ${smallBytes} bytes has ${readings} SELinux labels at its places; ${mostReadings} are accepted`,
      { hint: 'no operating system has such files: do not trust the container' },
    );
  }
  return Array.from({ length: readings }, (_, reading) => ({
    layer: source.layer,
    async *objects(tar: AsyncIterable<Buffer>) {
      for await (const entry of source.objects(tar)) {
        if (entry.type !== 'content') continue;
        yield* objectsOf(entry, contents.get(entry.checksum)?.objects ?? [], reading);
      }
    },
  }));
}

async function* objectsOf(
  entry: ContentEntry,
  objects: readonly LabelledObject[],
  reading: number,
): AsyncGenerator<ContentEntry, void, void> {
  if (entry.size > smallBytes || objects.length < 2) {
    const object = objects[reading];
    // Its content is verified under the name that it has in the layer.
    if (object !== undefined) yield { ...entry, ...object };
    return;
  }
  if (reading > 0) return;
  const chunks: Buffer[] = [];
  for await (const chunk of entry.content()) chunks.push(Buffer.from(chunk));
  async function* content(): AsyncGenerator<Buffer, void, void> {
    yield* chunks;
  }
  for (const object of objects) yield { ...entry, ...object, content };
}
