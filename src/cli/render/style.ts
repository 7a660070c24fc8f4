import pc from 'picocolors';

/** Functions that colour text for one stream, or leave it as it is. */
export type Style = Pick<
  ReturnType<typeof pc.createColors>,
  'isColorSupported' | 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'
>;

/**
 * Colours for a stream. NO_COLOR and FORCE_COLOR decide (https://no-color.org, https://force-color.org),
 * then whether the stream is a terminal that knows them.
 */
export function styleFor(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv): Style {
  return pc.createColors(wantsColor(stream, environment));
}

/** No colours at all: for files, tests and documentation. */
export const plainStyle: Style = pc.createColors(false);

function wantsColor(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true && TERM !== 'dumb';
}
