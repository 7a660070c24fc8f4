import { usageError } from '../lib/errors.ts';

/** A line of a `statoverride` file: the mode to set, or bits to add to it. */
export interface StatOverride {
  mode: number;
  operation: 'set' | 'add';
  line: number;
}

const form = /^(=?)(\d+) (\/\S.*)$/;

/**
 * Reads a `statoverride` file: lines `=MODE /path` (the mode is MODE) or `MODE /path` (bits are added), `#` comments.
 * MODE is decimal, as in `ostree commit --statoverride`; with a leading 0, octal.
 * @param path how errors name the file
 * @returns by path, relative to the overlay, without the leading slash
 * @throws CosaError `CONFIG_STATOVERRIDE` (exit 2) with the line
 */
export function parseStatOverrides(text: string, path: string): Map<string, StatOverride> {
  const overrides = new Map<string, StatOverride>();
  for (const [index, content] of text.split('\n').entries()) {
    const line = index + 1;
    if (content.trim() === '' || content.startsWith('#')) continue;
    const [, sign, digits, target] = form.exec(content) ?? [];
    if (digits === undefined || target === undefined) {
      throw invalid(`"${content}" is not an override: expected =MODE /path or MODE /path`, path, line);
    }
    const mode = Number.parseInt(digits, digits.startsWith('0') ? 8 : 10);
    if (mode > 0o7777 || (digits.startsWith('0') && /[89]/.test(digits))) {
      throw invalid(`${digits} is not a mode: at most ${0o7777}, or octal with a leading 0`, path, line);
    }
    overrides.set(target.slice(1).replace(/\/+$/, ''), { mode, operation: sign === '=' ? 'set' : 'add', line });
  }
  return overrides;
}

function invalid(message: string, file: string, line: number) {
  return usageError('CONFIG_STATOVERRIDE', message, { where: { file, line, column: 1 } });
}
