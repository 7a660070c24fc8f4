import pc from 'picocolors';
import { ours, type Showable, type Shown, terminalText } from './shown.ts';

const names = ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'] as const;

/** Functions that colour text for one stream, or leave it as it is. What they get is escaped first. */
export type Style = Readonly<Record<(typeof names)[number], (text: Showable) => Shown>>;

/**
 * Colours for a stream. NO_COLOR and FORCE_COLOR decide (https://no-color.org, https://force-color.org),
 * then whether the stream is a terminal that knows them.
 */
export function styleFor(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv): Style {
  return createStyle(wantsColor(stream, environment));
}

/** No colours at all: for files, tests and documentation. */
export const plainStyle: Style = createStyle(false);

function createStyle(isColored: boolean): Style {
  const colors = pc.createColors(isColored);
  const styles = names.map((name) => [name, (text: Showable) => ours(colors[name](terminalText(text)))] as const);
  return Object.fromEntries(styles) as unknown as Style;
}

function wantsColor(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true && TERM !== 'dumb';
}
