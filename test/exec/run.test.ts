import { describe, expect, it } from 'vitest';
import { run, start, tryRun } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';
import { CosaError } from '../../src/lib/errors.ts';
import { exitStatus } from '../../src/lib/exit-status.ts';

function tool(name: string): Tool {
  return { name, packages: { deb: `${name}-deb`, rpm: `${name}-rpm` }, purpose: 'tests itself' };
}

describe('run', () => {
  it('hands arguments over as they are: no shell reads them', async () => {
    const { stdout } = await run(tool('printf'), ['%s|', '$HOME', '`id`', 'a b', '']);
    expect(stdout).toBe('$HOME|`id`|a b||');
  });

  it('feeds stdin and gives a fixed locale and time zone', async () => {
    expect((await run(tool('cat'), [], { input: 'hello' })).stdout).toBe('hello');
    const { stdout } = await run(tool('env'), [], { env: { EXTRA: 'x' } });
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['LC_ALL=C.UTF-8', 'TZ=UTC', 'EXTRA=x']));
    expect(stdout).not.toContain('VITEST');
  });

  it('names command, exit status and the end of stderr', async () => {
    const error: unknown = await run(tool('ls'), ['/does/not/exist']).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CosaError);
    expect((error as CosaError).code).toBe('TOOL_FAILED');
    expect((error as CosaError).message).toMatch(/^ls \/does\/not\/exist: exit status 2\nls: cannot access/);
  });

  it('ends a program that prints too much, and gives nobody a part of it', async () => {
    const options = { maximumOutputBytes: 1000 };
    expect((await run(tool('printf'), ['%1000s', ''], options)).stdout).toHaveLength(1000);
    await expect(tryRun(tool('yes'), [], options)).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      message: 'yes printed more than 1000 bytes',
    });
    await expect(tryRun(tool('printf'), ['%1001s', ''], options)).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  });

  it('names a missing program, its package, and exits with 3', async () => {
    const error = await run(tool('no-such-program'), []).catch((e: unknown) => e as CosaError);
    expect(error).toMatchObject({
      code: 'TOOL_MISSING',
      exitStatus: exitStatus.missingTool,
      message: 'the program "no-such-program" is not installed; cosa tests itself with it',
      hint: 'apt-get install no-such-program-deb   (Fedora: dnf install no-such-program-rpm)',
    });
  });

  it('stops when aborted', async () => {
    const controller = new AbortController();
    const running = run(tool('sleep'), ['60'], { signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: 'CANCELED', message: 'sleep was stopped' });
  });

  it('hands over stderr line by line', async () => {
    const lines: string[] = [];
    await run(tool('sh'), ['-c', 'printf "a\\nb\\nc" >&2'], { onStderrLine: (line) => lines.push(line) });
    expect(lines).toEqual(['a', 'b', 'c']);
  });
});

it('tryRun gives a failure back as a result', async () => {
  expect(await tryRun(tool('false'), [])).toMatchObject({ exitCode: 1 });
});

describe('start', () => {
  it('keeps what the program writes until somebody reads it', async () => {
    const program = await start(tool('sh'), ['-c', 'printf early; echo >&2'], { onStderrLine: () => told() });
    let told = () => {};
    await new Promise<void>((resolve) => {
      told = resolve;
    });
    for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(Buffer.concat(await program.stdout.toArray()).toString()).toBe('early');
    await program.done;
  });

  it('ends with a program that failed before anybody read', async () => {
    const program = await start(tool('sh'), ['-c', 'printf early; exit 3']);
    await expect(program.done).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  });

  it('streams both ways', async () => {
    const program = await start(tool('tr'), ['a-z', 'A-Z']);
    program.stdin.end('shout');
    const chunks: Buffer[] = [];
    for await (const chunk of program.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
    await program.done;
    expect(Buffer.concat(chunks).toString()).toBe('SHOUT');
  });

  it('rejects `done` with the end of stderr', async () => {
    const program = await start(tool('sh'), ['-c', 'echo why >&2; exit 7']);
    program.stdout.resume();
    await expect(program.done).rejects.toThrow(/exit status 7\nwhy$/);
  });

  it('rejects `done` where the program is missing', async () => {
    await expect((await start(tool('no-such-program'), [])).done).rejects.toMatchObject({ code: 'TOOL_MISSING' });
  });

  it('rejects `done` where the system takes no argument as long', async () => {
    const program = await start(tool('true'), ['long', 'a'.repeat(1 << 18)]);
    await expect(program.done).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      message: 'true long could not be started',
    });
  });
});
