/**
 * The day that a version names, as those of CoreOS do: `43.20260131.3.0`.
 * @returns its begin in milliseconds since the epoch; `undefined` for a version that names none
 */
export function dateOfVersion(version: string): number | undefined {
  const [, year, month, day] = /(?:^|[.-])(20\d\d)(\d\d)(\d\d)(?:[.-]|$)/.exec(version) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  // The calendar rolls over for what is no date.
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day) ? date.getTime() : undefined;
}

/** A time of RFC 3339 in milliseconds since the epoch; `undefined` for what is none. */
export function timeOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
}
