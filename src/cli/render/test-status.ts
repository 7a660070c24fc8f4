import { plural } from '../../lib/format.ts';
import type { TestStatus } from '../../workspace/containers/test-status.ts';
import { line, lines, type Shown } from './shown.ts';
import type { Style } from './style.ts';

/** How tests went, in a few words: "basic passed (uefi)". */
/** @param unusable how many results do not count */
export function testsText(statuses: readonly TestStatus[], unusable: number, style: Style): Shown {
  if (statuses.length + unusable === 0) return style.dim('none');
  return lines(
    [
      ...statuses.map((status) => statusText(status, style)),
      ...(unusable === 0 ? [] : [style.yellow(`${plural(unusable, 'result')} unusable`)]),
    ],
    ', ',
  );
}

function statusText({ suite, firmware, complete, passed, tests }: TestStatus, style: Style): Shown {
  const where = `(${firmware}${complete ? '' : `, ${plural(tests.length, 'test')} of it`})`;
  return line`${suite} ${passed ? style.green('passed') : style.red('failed')} ${where}`;
}
