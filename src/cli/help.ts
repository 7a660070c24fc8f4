import type { Example } from './description.ts';

/** The examples as --help shows them, after the options. */
export function examplesText(examples: readonly Example[]): string {
  const lines = examples.map(({ run, does }) => `  ${does}:\n    $ ${run}`);
  return `\nExamples:\n${lines.join('\n\n')}`;
}
