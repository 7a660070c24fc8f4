import { setMaxListeners } from 'node:events';
import { missingTool } from '../../exec/tool-errors.ts';
import { which } from '../../exec/which.ts';
import { type Pipeline, runCachedStep, runStep } from '../../progress/step.ts';
import type { Artifact } from './artifact.ts';

/** How many artifacts are made side by side: what compresses uses all processors by itself, and the others wait for the disk. */
const concurrency = 2;

/** Artifacts that a command needs, each looked for or made once, as soon as somebody asks. */
export interface ArtifactGraph {
  /**
   * Looks for artifacts, and makes those that are not kept, with what they need: what is needed first, the rest side by
   * side in the order asked for. The first error stops all; what is under way ends before it is thrown.
   * @throws CosaError `TOOL_MISSING` (exit 3) before anything is made; what the artifacts throw; the signal's reason
   */
  results<Result>(artifacts: readonly Artifact<Result>[]): Promise<Result[]>;
}

export function artifactGraph(pipeline: Pipeline): ArtifactGraph {
  const stop = new AbortController();
  const signal = AbortSignal.any([pipeline.signal, stop.signal]);
  // Every step under way listens.
  setMaxListeners(0, signal);
  const stoppable: Pipeline = { ...pipeline, signal };
  const nodes = new Map<string, Node>();
  const slots = slotsOf(concurrency);
  /** What the others say after it is only that they were stopped. */
  let failure: { error: unknown } | undefined;

  function nodeOf(artifact: Artifact<unknown>): Node {
    const known = nodes.get(artifact.id);
    if (known !== undefined) return known;
    const node: Node = { artifact, kept: undefined, result: undefined };
    nodes.set(artifact.id, node);
    return node;
  }

  function find(node: Node): Promise<{ value: unknown } | undefined> {
    node.kept ??= node.artifact.find().then((value) => (value === undefined ? undefined : { value }));
    return node.kept;
  }

  /** Everything that has to be made for some artifacts, those that are needed first. */
  async function missing(artifacts: readonly Artifact<unknown>[], found = new Set<Node>()): Promise<Set<Node>> {
    // All at once: each waits for programs, and for locks. What one throws, the loop throws.
    await Promise.allSettled(artifacts.map((artifact) => find(nodeOf(artifact))));
    for (const artifact of artifacts) {
      const node = nodeOf(artifact);
      if (found.has(node) || (await find(node)) !== undefined) continue;
      await missing(artifact.needs, found);
      found.add(node);
    }
    return found;
  }

  function resultOf(node: Node): Promise<unknown> {
    node.result ??= make(node);
    return node.result;
  }

  async function make(node: Node): Promise<unknown> {
    const { artifact } = node;
    const kept = await find(node);
    if (kept !== undefined) {
      const found = async () => kept.value;
      return runCachedStep(stoppable, artifact.title, found, found);
    }
    const needed = new Map<Artifact<unknown>, unknown>();
    await Promise.all(artifact.needs.map(async (need) => needed.set(need, await resultOf(nodeOf(need)))));
    const made = <Result>(need: Artifact<Result>) => {
      if (!needed.has(need)) throw new Error(`${artifact.id} does not need ${need.id}`);
      return needed.get(need) as Result;
    };
    // Stopped within: nothing may begin between the error and what it stops.
    return slots(() => stopping(() => runStep(stoppable, artifact.title, (reporter) => artifact.make(made, reporter))));
  }

  async function stopping<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      failure ??= { error };
      stop.abort(error);
      throw error;
    }
  }

  return {
    async results<Result>(artifacts: readonly Artifact<Result>[]) {
      const tools = [...(await missing(artifacts))].flatMap(({ artifact }) => artifact.tools);
      for (const tool of new Set(tools)) {
        if ((await which(tool.name)) === undefined) throw missingTool(tool);
      }
      const settled = await Promise.allSettled(artifacts.map((artifact) => stopping(() => resultOf(nodeOf(artifact)))));
      if (failure !== undefined) throw failure.error;
      return settled.map((result) => (result as PromiseFulfilledResult<Result>).value);
    },
  };
}

interface Node {
  readonly artifact: Artifact<unknown>;
  kept: Promise<{ value: unknown } | undefined> | undefined;
  result: Promise<unknown> | undefined;
}

/** Runs so many pieces of work at a time, in the order in which they come. */
function slotsOf(count: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let free = count;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
