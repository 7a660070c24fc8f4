import { join, resolve } from 'node:path';
import type { VariableValue } from '../config/substitute.ts';
import type { WholeConfigOptions } from '../config/whole.ts';
import type { ArchitectureName } from '../lib/architecture.ts';
import { CosaError, usageError } from '../lib/errors.ts';
import { exists } from '../lib/if-exists.ts';
import { openWorkDirectory } from './work-directory.ts';

/** What a person says of the config that is meant. */
export interface ConfigRequest {
  /** The current directory, absolute. */
  directory: string;
  /** A config directory, or a manifest in one; the work directory's config, or the current directory, unless given. */
  config?: string | undefined;
  architecture: ArchitectureName;
  /** `NAME=VALUE`. */
  variables: readonly string[];
  variant?: string | undefined;
  stream?: string | undefined;
  baseManifest?: string | undefined;
}

/**
 * Finds the config that is meant.
 * @throws CosaError `CONFIG_MISSING`, `CONFIG_VARIABLE` (exit 2), `WORK_DIRECTORY_INVALID`
 */
export async function findConfig(request: ConfigRequest): Promise<{ config: string; options: WholeConfigOptions }> {
  const { directory, config: given, architecture, variant, baseManifest } = request;
  const work = given === undefined ? await workDirectoryAround(directory) : undefined;
  const config = work?.config ?? resolve(directory, given ?? '.');
  if (work === undefined && !(await exists(config))) {
    throw usageError('CONFIG_MISSING', `there is no ${config}`, {
      hint: 'name a config directory, or a manifest in one',
    });
  }
  return {
    config,
    options: {
      basearch: architecture,
      variables: parseVariables(request.variables),
      variant: variant ?? work?.settings.variant,
      stream: request.stream ?? work?.settings.stream,
      baseManifest: baseManifest === undefined ? undefined : resolve(directory, baseManifest),
    },
  };
}

/** The work directory that is meant where nothing is named: not where a manifest lies right here. */
async function workDirectoryAround(directory: string) {
  if (await exists(join(directory, 'manifest.yaml'))) return undefined;
  try {
    return await openWorkDirectory(directory);
  } catch (error) {
    if (error instanceof CosaError && error.code === 'WORK_DIRECTORY_MISSING') return undefined;
    throw error;
  }
}

/**
 * Reads variables as conditions have their values: `true` and `false`, whole numbers, and texts, with or without double quotes;
 * in quotes, `"41"` is a text.
 * @throws CosaError `CONFIG_VARIABLE` (exit 2)
 */
function parseVariables(texts: readonly string[]): Map<string, VariableValue> {
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
