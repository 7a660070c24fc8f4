import { describe, expect, it } from 'vitest';
import type { ImageSink } from '../../../src/disk/formats/format.ts';
import { boundedSink } from '../../../src/disk/live/bounded-sink.ts';
import { bytesContent } from '../../../src/disk/live/filesystems/live-filesystem.ts';
import { memorySink } from './memory-sink.ts';

const disk = bytesContent(Buffer.from('0123456789'));

describe('a bounded sink', () => {
  it('takes what fits, to the last byte', async () => {
    const sink = memorySink();
    const bounded = boundedSink(sink, 9, () => new Error('too large'));
    await bounded.append(Buffer.from('abc'));
    await bounded.appendZeros(2);
    await bounded.appendDisk(disk, 4, 4);
    expect(sink.bytes().toString()).toBe('abc\0\u00004567');
  });

  it.each<[string, (sink: ImageSink) => Promise<unknown>]>([
    ['bytes', (sink) => sink.append(Buffer.alloc(5))],
    ['zeros', (sink) => sink.appendZeros(5)],
    ['a stretch of a disk', (sink) => sink.appendDisk(disk, 0, 5)],
    ['room', (sink) => sink.reserve(5)],
  ])('refuses %s that do not fit, and passes none of them on', async (_what, add) => {
    const sink = memorySink();
    const bounded = boundedSink(sink, 6, () => new Error('too large'));
    await bounded.append(Buffer.from('ab'));
    await expect(add(bounded)).rejects.toThrow('too large');
    expect(sink.bytes().toString()).toBe('ab');
  });
});
