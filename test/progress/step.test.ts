import { describe, expect, it } from 'vitest';
import { stepKey } from '../../src/cache/key.ts';
import type { PipelineEvent } from '../../src/progress/events.ts';
import { createPipeline, runCachedStep, runStep } from '../../src/progress/step.ts';

function recorder() {
  const seen: PipelineEvent[] = [];
  const controller = new AbortController();
  return {
    seen,
    controller,
    pipeline: createPipeline((event) => void seen.push(event), controller.signal),
  };
}

describe('runStep', () => {
  it('tells begin, progress, log and end with the note', async () => {
    const { seen, pipeline } = recorder();
    const result = await runStep(pipeline, 'count', async (reporter) => {
      reporter.progress(1, 2, 'files');
      reporter.log('half');
      reporter.note('2 files');
      return Promise.resolve(2);
    });
    expect(result).toBe(2);
    expect(seen.map((event) => event.type)).toEqual(['step-started', 'step-progress', 'step-log', 'step-finished']);
    expect(seen[3]).toMatchObject({ title: 'count', cached: false, note: '2 files' });
  });

  it('tells a failure and passes the error on', async () => {
    const { seen, pipeline } = recorder();
    await expect(runStep(pipeline, 'fail', () => Promise.reject(new Error('why')))).rejects.toThrow('why');
    expect(seen.at(-1)).toMatchObject({ type: 'step-failed', title: 'fail' });
  });

  it('numbers the steps of one pipeline, those that run at once too; another begins anew', async () => {
    const first = recorder();
    await Promise.all(['a', 'b'].map((title) => runStep(first.pipeline, title, () => Promise.resolve())));
    const second = recorder();
    await runStep(second.pipeline, 'c', () => Promise.resolve());
    const started = [...first.seen, ...second.seen].filter((event) => event.type === 'step-started');
    expect(started.map(({ step, title }) => [step, title])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [1, 'c'],
    ]);
  });

  it('does not begin once the user has interrupted', async () => {
    const { seen, controller, pipeline } = recorder();
    controller.abort(new Error('interrupted'));
    await expect(runStep(pipeline, 'late', () => Promise.resolve())).rejects.toThrow('interrupted');
    expect(seen).toEqual([]);
  });
});

it('runCachedStep does the work only where nothing is kept', async () => {
  const { seen, pipeline } = recorder();
  expect(
    await runCachedStep(
      pipeline,
      'a',
      () => Promise.resolve('kept'),
      () => Promise.reject(new Error('ran')),
    ),
  ).toBe('kept');
  expect(
    await runCachedStep(
      pipeline,
      'b',
      () => Promise.resolve(undefined),
      () => Promise.resolve('made'),
    ),
  ).toBe('made');
  expect(seen.filter((event) => event.type === 'step-finished').map((event) => event.cached)).toEqual([true, false]);
});

it('stepKey depends on the kind and on the content alone', () => {
  expect(stepKey('a/1', { x: 1, y: 2 })).toBe(stepKey('a/1', { y: 2, x: 1 }));
  expect(stepKey('a/1', { x: 1 })).not.toBe(stepKey('a/2', { x: 1 }));
  expect(stepKey('a/1', { x: 1 })).not.toBe(stepKey('a/1', { x: 2 }));
});
