import { describe, expect, test } from 'vitest';
import { formatBytes, formatCount, formatDuration, plural } from '../../src/lib/format.ts';

describe('formats for people', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [99_949, '99.9 kB'],
    [123_456, '123 kB'],
    [999_999, '1.0 MB'],
    [1_234_000_000, '1.2 GB'],
    [5e15, '5000 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test.each([
    [0, '0.0 s'],
    [440, '0.4 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_700, '1 min'],
    [200_000, '3 min 20 s'],
    [3_600_000, '1 h'],
    [3_900_000, '1 h 5 min'],
  ])('%d ms are %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  test('counts', () => {
    expect(formatCount(1234567)).toBe('1,234,567');
    expect(plural(1, 'layer')).toBe('1 layer');
    expect(plural(1024, 'layer')).toBe('1,024 layers');
    expect(plural(2, 'entry', 'entries')).toBe('2 entries');
  });
});
