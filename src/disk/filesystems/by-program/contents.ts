import { closeSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { fileOutput } from '../../output.ts';
import type { ContentWriter } from '../filesystem.ts';
import type { FileNode, StoredContent } from '../tree.ts';

/** Contents that wait in a file until their tree is known. */
export interface WaitingContents {
  create(size: number): ContentWriter;
  /** Gives a content in pieces, of which each is valid until the next. */
  read(content: FileNode['content']): Generator<Uint8Array>;
  /** Gives the room back: no content is needed any more. */
  clear(): void;
  close(): void;
}

const pieceBytes = 1 << 20;

/** @param path of a file that does not exist */
export function waitingContents(path: string): WaitingContents {
  const file = openSync(path, 'wx+', 0o600);
  const output = fileOutput(file);
  const places = new Map<StoredContent, number>();
  let end = 0;

  function* readStored(content: StoredContent): Generator<Uint8Array> {
    const position = places.get(content);
    if (position === undefined) throw new RangeError('this content was stored elsewhere');
    output.finish();
    const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, content.size));
    for (let done = 0; done < content.size; ) {
      const read = readSync(file, buffer, 0, Math.min(buffer.length, content.size - done), position + done);
      if (read === 0) throw new RangeError('the contents were cut off');
      done += read;
      yield buffer.subarray(0, read);
    }
  }

  return {
    create(size) {
      const begin = end;
      end += size;
      let length = 0;
      return {
        write(chunk) {
          if (length + chunk.length > size) throw new RangeError(`more than ${size} bytes came`);
          output.write(begin + length, chunk);
          length += chunk.length;
        },
        close() {
          if (length !== size) throw new RangeError(`${length} of ${size} bytes came`);
          const content = { size };
          places.set(content, begin);
          return content;
        },
      };
    },
    *read(content) {
      if (Buffer.isBuffer(content)) yield content;
      else yield* readStored(content);
    },
    clear: () => ftruncateSync(file, 0),
    close: () => closeSync(file),
  };
}
