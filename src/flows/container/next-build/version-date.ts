import { usageError } from '../../../lib/errors.ts';

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

/** A number, how many places it has, and what fills them. */
type Field = readonly [value: number, width: number, padding: string];

/** https://docs.gtk.org/glib/method.DateTime.format.html; glib pads with a figure space where others have a blank. */
const figureSpace = '\u2007';
const fields: Readonly<Record<string, (date: Date) => Field | string>> = {
  a: (date) => days[date.getUTCDay()]?.slice(0, 3) ?? '',
  A: (date) => days[date.getUTCDay()] ?? '',
  b: (date) => months[date.getUTCMonth()]?.slice(0, 3) ?? '',
  B: (date) => months[date.getUTCMonth()] ?? '',
  c: (date) => dateText('%a %b %e %H:%M:%S %Y', date),
  C: (date) => [Math.floor(date.getUTCFullYear() / 100), 2, '0'],
  d: (date) => [date.getUTCDate(), 2, '0'],
  e: (date) => [date.getUTCDate(), 2, figureSpace],
  f: (date) => [date.getUTCMilliseconds() * 1000, 6, '0'],
  F: (date) => dateText('%Y-%m-%d', date),
  g: (date) => [isoWeek(date).year % 100, 2, '0'],
  G: (date) => [isoWeek(date).year, 1, '0'],
  h: (date) => months[date.getUTCMonth()]?.slice(0, 3) ?? '',
  H: (date) => [date.getUTCHours(), 2, '0'],
  I: (date) => [twelveHours(date), 2, '0'],
  j: (date) => [dayOfYear(date), 3, '0'],
  k: (date) => [date.getUTCHours(), 2, figureSpace],
  l: (date) => [twelveHours(date), 2, figureSpace],
  m: (date) => [date.getUTCMonth() + 1, 2, '0'],
  M: (date) => [date.getUTCMinutes(), 2, '0'],
  n: () => '\n',
  p: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  P: (date) => (date.getUTCHours() < 12 ? 'am' : 'pm'),
  r: (date) => dateText('%I:%M:%S %p', date),
  R: (date) => dateText('%H:%M', date),
  s: (date) => [Math.floor(date.getTime() / 1000), 1, '0'],
  S: (date) => [date.getUTCSeconds(), 2, '0'],
  t: () => '\t',
  T: (date) => dateText('%H:%M:%S', date),
  u: (date) => [date.getUTCDay() === 0 ? 7 : date.getUTCDay(), 1, '0'],
  V: (date) => [isoWeek(date).week, 2, '0'],
  w: (date) => [date.getUTCDay(), 1, '0'],
  x: (date) => dateText('%m/%d/%y', date),
  X: (date) => dateText('%H:%M:%S', date),
  y: (date) => [date.getUTCFullYear() % 100, 2, '0'],
  Y: (date) => [date.getUTCFullYear(), 1, '0'],
  z: () => '+0000',
  Z: () => 'UTC',
  '%': () => '%',
};

/**
 * A date as `g_date_time_format` writes it, in UTC and English: fields such as `%Y`, with `%-d` for no padding, `%_d`
 * for a blank, `%0e` for zeros, and `%^a` for capitals.
 * @throws CosaError `VERSION_INVALID` (exit 2) for a field that there is not
 */
export function dateText(format: string, date: Date): string {
  return format.replace(/%([EO_0^#-]*)(.?)/gs, (whole, flags: string, name: string) => {
    const field = fields[name]?.(date);
    if (field === undefined) {
      throw usageError('VERSION_INVALID', `automatic-version-prefix: unknown date field "${whole}" in "${format}"`, {
        hint: `known are ${Object.keys(fields)
          .map((known) => `%${known}`)
          .join(' ')}`,
      });
    }
    if (typeof field === 'string') return /[#^]/.test(flags) ? field.toUpperCase() : field;
    const [value, width, padding] = field;
    if (flags.includes('-')) return String(value);
    const filler = flags.includes('_') ? figureSpace : padding;
    return String(value).padStart(width, flags.includes('0') ? '0' : filler);
  });
}

const dayMilliseconds = 24 * 60 * 60 * 1000;

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / dayMilliseconds) + 1;
}

function twelveHours(date: Date): number {
  return date.getUTCHours() % 12 === 0 ? 12 : date.getUTCHours() % 12;
}

/** ISO 8601: a week belongs to the year that its Thursday is in. */
function isoWeek(date: Date): { year: number; week: number } {
  const weekday = (date.getUTCDay() + 6) % 7;
  const thursday = new Date(date.getTime() + (3 - weekday) * dayMilliseconds);
  return { year: thursday.getUTCFullYear(), week: Math.ceil(dayOfYear(thursday) / 7) };
}
