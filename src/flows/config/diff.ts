import { realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { configDocument, pointer } from '../../config/document.ts';
import { readWholeConfig, type WholeConfigOptions } from '../../config/whole.ts';
import { openScratch } from '../../exec/scratch.ts';
import { findCommit } from '../../exec/tools/git/checkout.ts';
import { findRepository } from '../../exec/tools/git/repository.ts';
import { gitCheckout, gitClone } from '../../exec/tools/git.ts';
import type { Json } from '../../lib/canonical-json.ts';
import { usageError } from '../../lib/errors.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { type ConfigRequest, findConfig } from '../../workspace/config-directory.ts';
import type { Session } from '../../workspace/session.ts';
import { requireDocument } from './document-problems.ts';

/** One difference: at a JSON pointer, what the first has and the second has not, and the other way round. */
export interface ConfigDifference {
  pointer: string;
  before?: Json;
  after?: Json;
}

/**
 * How two configs differ, once they are flattened. Of lists, items are compared, and their order only where they have the same.
 * @param sides each a directory, a manifest, `stream:NAME` or `variant:NAME` of the config that is meant, or a revision of its git
 * @throws CosaError what {@link findConfig} and {@link readWholeConfig} throw, mistakes in a config (exit 2), `TOOL_FAILED` of git
 */
export async function diffConfigs(
  session: Session,
  request: ConfigRequest,
  sides: readonly [string, string],
): Promise<ConfigDifference[]> {
  const [before, after] = [
    await sideDocument(session, request, sides[0]),
    await sideDocument(session, request, sides[1]),
  ];
  return differences(before, after, []);
}

async function sideDocument(session: Session, request: ConfigRequest, side: string): Promise<Json> {
  const [, kind, name] = /^(stream|variant):(.+)$/.exec(side) ?? [];
  if (kind !== undefined && name !== undefined) {
    await using found = await findConfig(session, { ...request, [kind]: name });
    return await documentOf(session, found.config, found.options);
  }
  if ((await ifExists(stat(resolve(request.directory, side)))) !== undefined) {
    await using found = await findConfig(session, { ...request, config: side });
    return await documentOf(session, found.config, found.options);
  }
  await using found = await findConfig(session, request);
  return await revisionDocument(session, await realpath(found.config), found.options, side);
}

/** A checkout of its own: the config's is left alone. */
async function revisionDocument(
  session: Session,
  config: string,
  options: WholeConfigOptions,
  revision: string,
): Promise<Json> {
  const { signal } = session;
  const repository = await findRepository(config);
  if (repository === undefined || revision.startsWith('-')) {
    throw usageError('CONFIG_MISSING', `"${revision}" is no directory, and ${config} is in no git`, {
      hint: 'name a directory, stream:NAME, variant:NAME, or a revision',
    });
  }
  const commit = await findCommit(config, revision);
  if (commit === undefined) {
    throw usageError(
      'CONFIG_MISSING',
      `"${revision}" is no directory, and no revision of the git that ${config} is in`,
      { hint: 'name a directory, stream:NAME, variant:NAME, or a branch, tag or commit' },
    );
  }
  await using scratch = await openScratch(tmpdir());
  const clone = join(scratch.path, 'config');
  await gitClone(repository.workTree, clone, { signal });
  await gitCheckout(clone, commit, signal);
  return await documentOf(session, join(clone, relative(repository.workTree, config)), options);
}

async function documentOf(session: Session, config: string, options: WholeConfigOptions): Promise<Json> {
  const whole = await readWholeConfig(config, options);
  requireDocument(session.events, whole);
  return configDocument(whole).value;
}

/** @param path of what is compared */
function differences(
  before: Json | undefined,
  after: Json | undefined,
  path: readonly PropertyKey[],
): ConfigDifference[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isMap(before) && isMap(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
      differences(before[key], after[key], [...path, key]),
    );
  }
  if (!Array.isArray(before) || !Array.isArray(after)) return [difference(path, before, after)];
  const [gone, come] = [without(before as Json[], after as Json[]), without(after as Json[], before as Json[])];
  if (gone.length === 0 && come.length === 0) return [difference(path, before as Json, after as Json)];
  return [
    ...gone.map((item) => difference([...path, '-'], item, undefined)),
    ...come.map((item) => difference([...path, '-'], undefined, item)),
  ];
}

function without(list: readonly Json[], others: readonly Json[]): Json[] {
  const there = new Set(others.map((item) => JSON.stringify(item)));
  return list.filter((item) => !there.has(JSON.stringify(item)));
}

function difference(path: readonly PropertyKey[], before: Json | undefined, after: Json | undefined): ConfigDifference {
  return {
    pointer: pointer(path),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

function isMap(value: Json | undefined): value is Readonly<Record<string, Json | undefined>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
