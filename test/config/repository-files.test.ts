import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keepMistakes } from '../../src/config/mistakes.ts';
import { readRepositoryFiles } from '../../src/config/repository-files.ts';
import { formatPosition } from '../../src/lib/errors.ts';
import { writeFiles } from './support.ts';

test('a link into a submodule that is not checked out is named, and so is what is wrong with other files', async () => {
  const base = await writeFiles({ 'a.repo': '[a]\nbaseurl=x\n', 'c.repo': 'nothing\n', 'd.repo': '[d]\nenabled=0\n' });
  await symlink('submodule/b.repo', join(base, 'b.repo'));
  const mistakes = keepMistakes();
  const defined = await readRepositoryFiles(base, ['.repo'], mistakes);
  expect(defined.map(({ name, enabled }) => [name, enabled])).toEqual([
    ['a', true],
    ['d', false],
  ]);
  expect(mistakes.problems.map(({ where, message }) => [where && formatPosition(where), message])).toEqual([
    [join(base, 'b.repo'), 'b.repo is a link, and nothing is there'],
    [`${join(base, 'c.repo')}:1:1`, 'this is not a repository file: nothing may stand before the first [NAME]'],
  ]);
});
