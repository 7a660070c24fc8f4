import type { VariableValue } from '../config/substitute.ts';
import { usageError } from '../lib/errors.ts';
import type { WorkDirectorySettings } from './work-directory.ts';

/**
 * Reads variables as conditions have their values: `true` and `false`, whole numbers, and texts, with or without double quotes;
 * in quotes, `"41"` is a text.
 * @throws CosaError `CONFIG_VARIABLE` (exit 2)
 */
export function parseVariables(texts: readonly string[]): ReadonlyMap<string, VariableValue> {
  return new Map(
    texts.map((text) => {
      const [, name, value] = /^([A-Za-z0-9_]+)=([^${}]*)$/s.exec(text) ?? [];
      if (name === undefined || value === undefined || name === 'basearch') {
        throw usageError('CONFIG_VARIABLE', `"${text}" is no variable: expected NAME=VALUE, without $, { and }`, {
          hint:
            name === 'basearch' ? 'the architecture is that of --arch' : 'names have letters, digits and underscores',
        });
      }
      return [name, variableValue(value)];
    }),
  );
}

function variableValue(text: string): VariableValue {
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  const [, quoted] = /^"(.*)"$/s.exec(text) ?? [];
  return quoted ?? text;
}

/** What was said at `cosa init`. */
export function settingsVariables(settings: WorkDirectorySettings | undefined): ReadonlyMap<string, VariableValue> {
  return new Map(Object.entries(settings?.variables ?? {}));
}
