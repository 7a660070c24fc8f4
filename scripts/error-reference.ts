import { exitStatusMeanings } from '../src/cli/exit-statuses.ts';
import { errorCodes } from '../src/lib/error-codes.ts';
import { exitStatus } from '../src/lib/exit-status.ts';

/** The text of docs/errors.md. */
export function errorReference(): string {
  const sections = exitStatusMeanings.map(([status, meaning]) => {
    const rows = Object.entries(errorCodes)
      .filter(([, [name]]) => exitStatus[name] === status)
      .map(([code, [, sentence]]) => `| \`${code}\` | ${sentence} |`);
    if (rows.length === 0) return '';
    return [`## Exit status ${status}: ${meaning}`, '', '| code | what it says |', '|---|---|', ...rows, ''].join('\n');
  });
  return [
    '# Errors',
    '',
    'What goes wrong has a code, which scripts may match on: with `--json` it is `error.code`. The message names what and where,',
    'and the hint says what to do. Each code has an exit status. This page is made of `src/lib/error-codes.ts` by `npm run docs`.',
    '',
    ...sections.filter((text) => text !== ''),
  ].join('\n');
}
