/** A directory's dates end with this year: it has a byte for them, from 1900 on. */
const lastSecond = Date.UTC(2156, 0, 1) / 1000 - 1;

function utc(timestamp: number): Date {
  return new Date(Math.min(timestamp, lastSecond) * 1000);
}

/**
 * A date as directories have it (ECMA-119, 9.1.5).
 * @param timestamp seconds since the epoch; what is too late becomes the last date that there is
 */
export function recordDate(timestamp: number): Buffer {
  const date = utc(timestamp);
  const day = [date.getUTCFullYear() - 1900, date.getUTCMonth() + 1, date.getUTCDate()];
  return Buffer.from([...day, date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), 0]);
}

/** The same as volume descriptors have it (8.4.26.1): digits, and the offset from GMT. */
export function volumeDate(timestamp: number): Buffer {
  const digits = utc(timestamp)
    .toISOString()
    .replaceAll(/[^0-9]/g, '')
    .slice(0, 16);
  return Buffer.concat([Buffer.from(digits), Buffer.alloc(1)]);
}

/** A date that is not said. */
export const noDate: Buffer = Buffer.concat([Buffer.alloc(16, '0'), Buffer.alloc(1)]);
