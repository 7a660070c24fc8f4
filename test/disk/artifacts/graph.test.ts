import { describe, expect, it } from 'vitest';
import type { Artifact } from '../../../src/disk/artifacts/artifact.ts';
import { artifactGraph } from '../../../src/disk/artifacts/graph.ts';
import type { Tool } from '../../../src/exec/tools.ts';
import type { PipelineEvent } from '../../../src/progress/events.ts';
import { createPipeline } from '../../../src/progress/step.ts';

const noTool: Tool = {
  name: 'no-such-program',
  packages: { deb: 'no-such-package', rpm: 'no-such-package' },
  purpose: 'does nothing',
};

/** What has happened, in order. */
function journal() {
  const entries: string[] = [];
  const events: PipelineEvent[] = [];
  const stop = new AbortController();
  const pipeline = createPipeline((event) => events.push(event), stop.signal);

  function artifact(id: string, more: Partial<Artifact<string>> = {}): Artifact<string> {
    const needs = more.needs ?? [];
    return {
      id,
      title: `make ${id}`,
      needs,
      tools: [],
      outputs: [],
      key: id,
      find: async () => undefined,
      make: async (made) => {
        entries.push(`begin ${id}`);
        await new Promise((resolve) => setImmediate(resolve));
        entries.push(`end ${id}`);
        return [id, ...needs.map((need) => made(need))].join('<');
      },
      ...more,
    };
  }

  return { entries, events, pipeline, stop, artifact };
}

describe('artifactGraph', () => {
  it('makes what is needed first and once, however many need it', async () => {
    const { artifact, pipeline, entries } = journal();
    const base = artifact('base');
    const images = ['a', 'b', 'c'].map((id) => artifact(id, { needs: [base] }));
    expect(await artifactGraph(pipeline).results(images)).toEqual(['a<base', 'b<base', 'c<base']);
    expect(entries.filter((entry) => entry === 'begin base')).toHaveLength(1);
    expect(entries.indexOf('end base')).toBeLessThan(entries.indexOf('begin a'));
  });

  it('takes equal ids for the same, and remembers what was asked before', async () => {
    const { artifact, pipeline, entries } = journal();
    const graph = artifactGraph(pipeline);
    expect(await graph.results([artifact('base')])).toEqual(['base']);
    expect(await graph.results([artifact('a', { needs: [artifact('base')] })])).toEqual(['a<base']);
    expect(entries).toEqual(['begin base', 'end base', 'begin a', 'end a']);
  });

  it('makes two side by side, and never three', async () => {
    const { artifact, pipeline } = journal();
    let running = 0;
    let most = 0;
    const make = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      return '';
    };
    await artifactGraph(pipeline).results(['a', 'b', 'c', 'd', 'e'].map((id) => artifact(id, { make })));
    expect(most).toBe(2);
  });

  it('asks nothing of what a kept one needs', async () => {
    const { artifact, pipeline, entries, events } = journal();
    const base = artifact('base', {
      tools: [noTool],
      find: () => {
        throw new Error('nobody shall ask');
      },
    });
    const kept = artifact('a', { needs: [base], find: async () => 'kept' });
    expect(await artifactGraph(pipeline).results([kept])).toEqual(['kept']);
    expect(entries).toEqual([]);
    expect(events).toContainEqual(expect.objectContaining({ type: 'step-finished', title: 'make a', cached: true }));
  });

  it('looks for all programs before it makes anything', async () => {
    const { artifact, pipeline, entries } = journal();
    const base = artifact('base');
    const image = artifact('a', { needs: [base], tools: [noTool] });
    await expect(artifactGraph(pipeline).results([artifact('b'), image])).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      exitStatus: 3,
      message: 'the program "no-such-program" is not installed; cosa does nothing with it',
    });
    expect(entries).toEqual([]);
  });

  it('stops all by the first error, and waits for what is under way', async () => {
    const { artifact, pipeline, entries } = journal();
    const failing = artifact('failing', {
      make: async () => {
        throw new Error('disk full');
      },
    });
    const slow = artifact('slow', {
      make: async (_, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        entries.push('slow has stopped');
        throw signal.reason;
      },
    });
    await expect(artifactGraph(pipeline).results([slow, failing, artifact('later')])).rejects.toThrow('disk full');
    expect(entries).toEqual(['slow has stopped']);
  });

  it('makes nothing of which a need has failed', async () => {
    const { artifact, pipeline, entries } = journal();
    const base = artifact('base', {
      make: async () => {
        throw new Error('damaged');
      },
    });
    const images = ['a', 'b'].map((id) => artifact(id, { needs: [base] }));
    await expect(artifactGraph(pipeline).results(images)).rejects.toThrow('damaged');
    expect(entries).toEqual([]);
  });

  it('ends when the user interrupts', async () => {
    const { artifact, pipeline, stop, entries } = journal();
    const first = artifact('first', {
      make: async () => {
        stop.abort(new Error('interrupted'));
        return '';
      },
    });
    await expect(artifactGraph(pipeline).results([artifact('a', { needs: [first] })])).rejects.toThrow('interrupted');
    expect(entries).toEqual([]);
  });

  it('gives an artifact only what it says that it needs', async () => {
    const { artifact, pipeline } = journal();
    const other = artifact('other');
    const image = artifact('a', { make: async (made) => made(other) });
    await expect(artifactGraph(pipeline).results([image])).rejects.toThrow('a does not need other');
  });
});
