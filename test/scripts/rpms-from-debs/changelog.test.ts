import { expect, test } from 'vitest';
import { parseChangelog, specChangelog } from '../../../scripts/rpms-from-debs/changelog.ts';

const debian = `jq (1.7.1-6) unstable; urgency=medium

  * Fix 100% of what was wrong,
    at last.
  * Close a bug.

 -- Jane Doe <jane@example.com>  Sat, 01 Nov 2025 10:20:30 +0200

jq (1.7.1-5) unstable; urgency=medium

  * This one is dated later.

 -- Jane Doe <jane@example.com>  Sun, 02 Nov 2025 10:20:30 +0200

jq (1.7.1-4) unstable; urgency=low

  [ John Doe ]
  * Old.

 -- John Doe <john@example.com>  Fri, 31 Oct 2025 00:00:00 +0000
`;

test('the entries of a Debian changelog become those of a spec, in the order of their times', () => {
  const entries = parseChangelog(debian, 10);
  expect(entries.map(({ version, time }) => [version, time])).toEqual([
    ['1.7.1-6', Date.UTC(2025, 10, 1, 8, 20, 30) / 1000],
    ['1.7.1-5', Date.UTC(2025, 10, 2, 8, 20, 30) / 1000],
    ['1.7.1-4', Date.UTC(2025, 9, 31) / 1000],
  ]);
  expect(specChangelog(entries)).toEqual([
    '* Sat Nov 01 08:20:30 UTC 2025 Jane Doe <jane@example.com> - 1.7.1-6',
    '- Fix 100%% of what was wrong,',
    '  at last.',
    '- Close a bug.',
    '* Fri Oct 31 00:00:00 UTC 2025 John Doe <john@example.com> - 1.7.1-4',
    '  [ John Doe ]',
    '- Old.',
  ]);
});

test('no more entries are read than are asked for, and none that is not finished', () => {
  expect(parseChangelog(debian, 1)).toHaveLength(1);
  expect(parseChangelog('jq (1.7.1-6) unstable; urgency=medium\n\n  * Begun.\n', 5)).toEqual([]);
});
