import { namesIn } from '../../config/substitute.ts';
import { readWholeConfig, type WholeConfig } from '../../config/whole.ts';
import { nearestHint } from '../../lib/document/validate.ts';
import { CosaError, type SourcePosition } from '../../lib/errors.ts';
import { type Problem, problemsOf } from '../../lib/problems.ts';
import { backendFor } from '../../packages/backends.ts';
import { type ConfigRequest, findConfig } from '../../workspace/config-directory.ts';
import type { Session } from '../../workspace/session.ts';

/** Something that is no mistake, and perhaps not meant. */
interface ConfigNote {
  message: string;
  where: SourcePosition | undefined;
  hint: string | undefined;
}

export interface ConfigCheck {
  problems: readonly Problem[];
  notes: readonly ConfigNote[];
}

/**
 * All that is wrong with a config, and keys that have no effect.
 * @throws CosaError what {@link findConfig} throws
 */
export async function checkConfig(session: Session, request: ConfigRequest): Promise<ConfigCheck> {
  await using found = await findConfig(session, request);
  try {
    const whole = await readWholeConfig(found.config, found.options);
    return { problems: whole.problems, notes: [...unreadNotes(whole), ...variableNotes(whole)] };
  } catch (error) {
    if (!(error instanceof CosaError)) throw error;
    return { problems: problemsOf(error), notes: [] };
  }
}

function unreadNotes({ loaded, image, repositories }: WholeConfig): ConfigNote[] {
  const family = backendFor(repositories[0]?.extension ?? '')?.family;
  return [...loaded.unread, ...(image?.unread ?? [])]
    .filter(({ butFor }) => butFor === undefined || butFor !== family)
    .map(({ key, where, reason, nearest }) => ({
      message: `"${key}" has no effect: ${reason}`,
      where,
      hint: nearest === undefined ? undefined : `did you mean "${nearest}"?`,
    }));
}

const substitutedKeys = ['automatic-version-prefix', 'mutate-os-release'] as const;

/** Names that stay as they are written, because there is no such variable. */
function variableNotes({ loaded }: WholeConfig): ConfigNote[] {
  return substitutedKeys.flatMap((key) =>
    namesIn(loaded.treefile[key] ?? '').map((name) => ({
      message: `"${key}" names the variable "${name}", and there is none: it stays as it is`,
      where: loaded.positionOf(key),
      hint: nearestHint(name, [...loaded.variables.keys()]),
    })),
  );
}
