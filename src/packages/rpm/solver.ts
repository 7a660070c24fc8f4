import { z } from 'zod';
import { type RunResult, tryRun } from '../../exec/run.ts';
import { missingTool } from '../../exec/tool-errors.ts';
import { tools } from '../../exec/tools.ts';
import { faultText, parseDocument } from '../../lib/document.ts';
import { CosaError, isSystemError } from '../../lib/errors.ts';
import { printable } from '../../lib/printable.ts';
import { librariesMissing, solverProgram } from './solver/programs.ts';

/** A repository as the solver gets it. */
interface SolverRepository {
  id: string;
  /** Absolute path. */
  directory: string;
  priority: number;
  cost: number;
  includes: readonly string[];
  excludes: readonly string[];
  moduleHotfixes: boolean;
  /** Only packages with a pin may come from it. */
  lockedOnly: boolean;
}

/** What is to be chosen: all that the solver knows. */
export interface SolverRequest {
  /** Directories of its own. */
  cache: string;
  state: string;
  /** An empty one: nothing is installed yet. */
  root: string;
  architecture: string;
  release: string;
  modulePlatform: string | null;
  recommends: boolean;
  exclude: readonly string[];
  repositories: readonly SolverRepository[];
  packages: readonly string[];
  repositoryPackages: readonly { repository: string; packages: readonly string[] }[];
  pins: Readonly<Record<string, { version: string; architecture: string | null }>>;
  pinnedOnly: boolean;
  /** Absolute paths of package files. */
  overrides: readonly string[];
}

const chosenPackage = z.strictObject({
  name: z.string(),
  version: z.string(),
  architecture: z.string(),
  source: z.string(),
  repository: z.string(),
  path: z.string(),
  base: z.string(),
  size: z.int().nonnegative(),
  algorithm: z.string(),
  checksum: z.string(),
  vendor: z.string(),
});

/** A package that the solver chose. */
export type ChosenPackage = z.output<typeof chosenPackage>;

const unknownName = z.strictObject({
  spec: z.string(),
  repository: z.string().nullable(),
  excluded: z.array(z.string()),
});

/** A name to which no package answers; those that would, had they not been excluded. */
export type UnknownName = z.output<typeof unknownName>;

const answerSchema = z.union([
  z.strictObject({
    packages: z.array(chosenPackage),
    answers: z.record(z.string(), z.array(z.string())),
    available: z.record(z.string(), z.array(z.string())),
  }),
  z.strictObject({ unknown: z.array(unknownName), names: z.array(z.string()) }),
  z.strictObject({ problems: z.array(z.array(z.string())) }),
  z.strictObject({ failure: z.string() }),
  z.strictObject({ modular: z.array(z.string()) }),
]);

/**
 * What the solver says: the choice, with who answers to what was asked for under another name, and all versions that there are of
 * pinned packages; or the names that nothing answers to; or why there is no choice; or what stopped it; or
 * repositories with modules, which it cannot choose from.
 */
export type SolverAnswer = z.output<typeof answerSchema>;

/** Bytes of memory and seconds of processor time that a solver may take: Fedora's repositories need a tenth. */
const limits = { memory: 4 * 1024 * 1024 * 1024, seconds: 600 };
/** Seconds by the clock. */
const longest = 1800;

/**
 * Asks the host's dnf libraries, in a process without the caller's environment and configuration. They read local directories
 * and no network.
 * @throws CosaError `TOOL_MISSING` (exit 3), `TOOL_FAILED`; the signal's reason
 */
export async function solve(request: SolverRequest, signal: AbortSignal): Promise<SolverAnswer> {
  const input = JSON.stringify({ ...request, ...limits });
  const result = await runProgram(request.state, input, signal);
  if (result.exitCode === librariesMissing) throw missingTool(tools.dnf);
  return readAnswer(result);
}

async function runProgram(home: string, input: string, signal: AbortSignal): Promise<RunResult> {
  const deadline = AbortSignal.timeout(longest * 1000);
  try {
    const { python: libraries } = tools.dnf;
    return await tryRun(tools.python, ['-I', '-B', solverProgram, ...libraries], {
      input,
      env: { HOME: home, TMPDIR: home },
      cwd: home,
      signal: AbortSignal.any([signal, deadline]),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted)
      throw new CosaError('TOOL_FAILED', `the solver took more than ${longest} s`, { cause: error });
    if (isSystemError(error, 'ENOENT'))
      throw new CosaError('TOOL_FAILED', 'the solver has no directory', { cause: error });
    throw error;
  }
}

function readAnswer({ exitCode, stdout, stderr }: RunResult): SolverAnswer {
  // Libraries print to stdout what they like; the answer is the last line.
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  const reason = printable(stderr.trim().split('\n').at(-1) ?? '');
  if (exitCode !== 0) {
    const detail = reason === '' ? `status ${exitCode}` : reason;
    throw new CosaError('TOOL_FAILED', `the solver ended before it had chosen: ${detail}`, {
      hint: 'an index that needs more memory or time than it may take ends it, too',
    });
  }
  return parseDocument(
    answerSchema,
    line,
    (fault) => new CosaError('TOOL_FAILED', `the solver's answer: ${faultText(fault, 'it ')}`),
  );
}
