import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { type Boundary, type FoundFile, findFile } from './boundary.ts';
import type { Fragment } from './fragment.ts';
import { attempt, type Mistakes } from './mistakes.ts';

/**
 * Looks whether all files that the files of an include tree name are there, and the script that counts is executable.
 * @param fragments strongest first
 * @throws CosaError what `mistakes` throws: `CONFIG_FILE_MISSING`, `CONFIG_FILE_MODE`, `CONFIG_FILE_OUTSIDE`, `NOT_A_FILE` (exit 2)
 */
export async function requireFiles(
  boundary: Boundary,
  fragments: readonly Fragment[],
  mistakes: Mistakes,
): Promise<void> {
  let isStrongest = true;
  for (const { file, directory, values } of fragments) {
    for (const [name, path] of namedFiles(values)) {
      const where = file.valuePosition(path);
      await attempt(mistakes, async () => {
        const found = await findNamedFile(boundary, directory, name, where);
        if (!(await stat(found.identity)).isFile()) {
          throw usageError('NOT_A_FILE', `"${name}" is no file`, { where });
        }
        if (path[0] === 'postprocess-script' && isStrongest) await requireExecutable(found, name, where);
      });
    }
    if (values['postprocess-script'] !== undefined) isStrongest = false;
  }
}

function namedFiles(values: Fragment['values']): [string, (string | number)[]][] {
  const files: [string, (string | number)[]][] = [];
  const script = values['postprocess-script'];
  if (script !== undefined) files.push([script, ['postprocess-script']]);
  for (const key of ['check-passwd', 'check-groups'] as const) {
    const check = values[key];
    if (check?.type === 'file') files.push([check.filename, [key, 'filename']]);
  }
  for (const [index, [name]] of (values['add-files'] ?? []).entries()) files.push([name, ['add-files', index, 0]]);
  return files;
}

async function requireExecutable({ identity }: FoundFile, name: string, where: SourcePosition): Promise<void> {
  if (((await stat(identity)).mode & 0o111) !== 0) return;
  throw usageError('CONFIG_FILE_MODE', `the script "${name}" is not executable`, {
    where,
    hint: `chmod +x ${relative(process.cwd(), identity)}, and let git know: git update-index --chmod=+x`,
  });
}

/**
 * Finds a file that must be there.
 * @throws CosaError `CONFIG_FILE_MISSING`, what {@link findFile} throws (exit 2)
 */
export async function findNamedFile(
  boundary: Boundary,
  directory: string,
  name: string,
  where: SourcePosition,
): Promise<FoundFile> {
  const found = await findFile(boundary, directory, name, where);
  if (found === undefined) throw usageError('CONFIG_FILE_MISSING', `the file "${name}" does not exist`, { where });
  return found;
}
