import { kernelArguments } from '../contract/boot-loader-text.ts';
import { usageError } from '../lib/errors.ts';

/** How a kernel's command line shall change. */
export interface KernelArgumentChanges {
  /** Arguments to put behind the others, even if they are there. */
  append: readonly string[];
  /** Arguments to take away, wherever they stand. */
  delete: readonly string[];
  /** `KEY=OLD=NEW`: `KEY=OLD` becomes `KEY=NEW`. */
  replace: readonly string[];
}

/** Checked changes. */
export interface KernelArgumentEdit {
  /**
   * Changes a command line.
   * @param line arguments with white space between them
   * @returns the arguments, with one space between them
   */
  apply(line: string): string;
  /**
   * To be called when all lines have been changed.
   * @throws CosaError `KERNEL_ARGUMENT_MISSING` (exit 2) for an argument to delete or replace that no line had
   */
  finish(): void;
}

/**
 * Checks changes before anything is done with them.
 * @throws CosaError `KERNEL_ARGUMENT_INVALID` (exit 2)
 */
export function kernelArgumentEdit(changes: KernelArgumentChanges): KernelArgumentEdit {
  const replacements = changes.replace.map(parseReplacement);
  const appended = checkKernelArguments(changes.append);
  const deleted = changes.delete.map((argument) => argument.trim());
  for (const argument of deleted) {
    if (argument === '' || /\s/.test(argument)) throw invalid(argument, 'must be one kernel argument');
  }
  const missing = new Set([...deleted, ...replacements.map(({ before }) => before)]);
  return {
    apply(line) {
      const before = line.split(/\s+/).filter((argument) => argument !== '');
      for (const argument of before) missing.delete(argument);
      const left = [...before.filter((argument) => !deleted.includes(argument)), ...appended];
      return left.map((argument) => replacements.find((row) => row.before === argument)?.after ?? argument).join(' ');
    },
    finish() {
      const [first] = missing;
      if (first === undefined) return;
      throw usageError(
        'KERNEL_ARGUMENT_MISSING',
        `there is no kernel argument ${JSON.stringify(first)} to delete or replace`,
        {
          hint: 'it must be written as it stands there, with its value: KEY=VALUE',
        },
      );
    },
  };
}

function parseReplacement(text: string): { before: string; after: string } {
  const [, key, old, value] = /^([^=]+)=([^=]+)=([^=]+)$/.exec(text.trim()) ?? [];
  if (key === undefined || old === undefined || value === undefined) throw invalid(text, 'must be KEY=OLD=NEW');
  const [after = ''] = checkKernelArguments([`${key}=${value}`]);
  return { before: `${key}=${old}`, after };
}

/**
 * Checks arguments that are added: a boot loader's configuration must take them for nothing but themselves.
 * @returns them without white space around
 * @throws CosaError `KERNEL_ARGUMENT_INVALID` (exit 2)
 */
export function checkKernelArguments(given: readonly string[]): string[] {
  const trimmed = given.map((argument) => argument.trim());
  for (const argument of trimmed) {
    const result = kernelArguments.safeParse([argument]);
    if (!result.success) throw invalid(argument, result.error.issues[0]?.message ?? 'cannot be used');
  }
  return trimmed;
}

function invalid(argument: string, reason: string) {
  return usageError('KERNEL_ARGUMENT_INVALID', `the kernel argument ${JSON.stringify(argument)} ${reason}`);
}
