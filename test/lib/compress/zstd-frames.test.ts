import { expect, it } from 'vitest';
import { firstFrame } from '../../../src/lib/compress/zstd-frames.ts';

/** A frame of one byte and an empty last block, as compressors end a stream that ended with a block. */
const frame = Buffer.from('28b52ffd200108000061010000', 'hex');

it.each([
  ['the end', Buffer.alloc(0)],
  ['zeros', Buffer.alloc(100)],
  ['another frame', frame],
  ['something else', Buffer.from('something else')],
])('the first frame is found before %s', (_name, behind) => {
  expect(Buffer.from(firstFrame(Buffer.concat([frame, behind])))).toEqual(frame);
});

it('what is cut off is given as it is', () => {
  expect(Buffer.from(firstFrame(frame.subarray(0, 8)))).toEqual(frame.subarray(0, 8));
});
