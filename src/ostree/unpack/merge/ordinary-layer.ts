import { readTar } from '../../../lib/tar/reader.ts';
import type { BaseLayer } from '../base-layers.ts';
import type { ContentLayer } from '../content-layer.ts';
import { type ContentEntry, contentOfEntry } from '../layer-objects.ts';
import { entryMetadata } from './entry-metadata.ts';

/**
 * An ordinary layer whose contents are known by their checksums: those that count are read, and verified again.
 * @param wanted names of objects, by the offsets of their entries' headers
 */
export function ordinaryLayer(layer: BaseLayer, wanted: ReadonlyMap<number, string>): ContentLayer {
  const { digest } = layer.descriptor;
  async function* objects(tar: AsyncIterable<Buffer>): AsyncGenerator<ContentEntry, void, void> {
    for await (const entry of readTar(tar)) {
      const checksum = wanted.get(entry.offset);
      if (checksum === undefined) continue;
      const { xattrs } = entryMetadata(entry, digest);
      yield contentOfEntry({ ...entry, xattrs }, checksum, `layer ${digest}: ${JSON.stringify(entry.path)}`);
    }
  }
  return { layer, objects };
}
