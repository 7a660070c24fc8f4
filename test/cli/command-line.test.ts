import { describe, expect, test } from 'vitest';
import { cosa } from './in-process.ts';

const escapeCharacter = String.fromCharCode(27);

describe('a command line that is wrong', () => {
  const cases: [args: string[], message: string][] = [
    [['dokter'], "error: unknown command 'dokter'\nhint: did you mean cosa doctor?\n"],
    [['xyzzy'], "error: unknown command 'xyzzy'\nhint: see cosa --help\n"],
    [['doctor', '--jsn'], "error: unknown option '--jsn'\nhint: did you mean --json?\n"],
    [['doctor', '--frobnicate'], "error: unknown option '--frobnicate'\nhint: see cosa doctor --help\n"],
    [['--frobnicate', 'doctor'], "error: unknown option '--frobnicate'\nhint: see cosa --help\n"],
    [['completion'], "error: missing required argument 'shell'\nhint: see cosa completion --help\n"],
    [
      ['completion', 'tcsh'],
      "error: command-argument value 'tcsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish.\n" +
        'hint: see cosa completion --help\n',
    ],
    [
      ['doctor', 'now'],
      "error: too many arguments for 'doctor'. Expected 0 arguments but got 1.\nhint: see cosa doctor --help\n",
    ],
    [
      ['doctor', '--quiet', '--verbose'],
      "error: option '-q, --quiet' cannot be used with option '-v, --verbose'\nhint: see cosa doctor --help\n",
    ],
    [['doctor', '-C'], "error: option '-C, --directory <dir>' argument missing\nhint: see cosa doctor --help\n"],
    [['-C', '/nonexistent', 'doctor'], 'error: -C /nonexistent: there is no such directory\n'],
  ];
  test.each(cases)('%j', async (args, message) => {
    expect(await cosa(args)).toEqual({ status: 2, stdout: '', stderr: message });
  });

  test('is one JSON document on stdout with --json, and a message for people on stderr all the same', async () => {
    const { status, stdout, stderr } = await cosa(['doctor', '--json', '--frobnicate']);
    expect(status).toBe(2);
    expect(stderr).toContain("error: unknown option '--frobnicate'");
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'COMMAND_LINE', message: "unknown option '--frobnicate'", hint: 'see cosa doctor --help' },
    });
  });
});

describe('help', () => {
  test('is printed to stderr when no command is given, and the status says so', async () => {
    const { status, stdout, stderr } = await cosa([]);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('Usage: cosa [options] [command]');
  });

  test('is the same for `cosa help X` and `cosa X --help`', async () => {
    const asked = await cosa(['help', 'doctor']);
    expect(asked).toEqual(await cosa(['doctor', '--help']));
    expect(asked.status).toBe(0);
    expect(asked.stdout).toContain('Usage: cosa doctor [options]');
  });

  test('the version is the package’s', async () => {
    const { status, stdout } = await cosa(['--version']);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^cosa \d+\.\d+\.\d+\n$/) });
  });
});

test('an interrupted command says that nothing is lost', async () => {
  const { stdout, stderr } = await cosa(['doctor'], { signal: AbortSignal.abort() });
  expect({ stdout, stderr }).toEqual({
    stdout: '',
    stderr: 'interrupted: finished work is kept; the same command goes on from there\n',
  });
});

describe('options that every command has', () => {
  test('may stand before or after its name', async () => {
    const before = await cosa(['--json', '--quiet', 'completion', 'bash']);
    const after = await cosa(['completion', 'bash', '--json', '--quiet']);
    expect(before).toEqual(after);
    expect(JSON.parse(before.stdout)).toMatchObject({ shell: 'bash' });
  });

  test.each([
    { environment: {}, terminal: true, colored: true },
    { environment: {}, terminal: false, colored: false },
    { environment: { NO_COLOR: '1' }, terminal: true, colored: false },
    { environment: { FORCE_COLOR: '1' }, terminal: false, colored: true },
    { environment: { FORCE_COLOR: '0' }, terminal: true, colored: false },
    { environment: { TERM: 'dumb' }, terminal: true, colored: false },
    { environment: { NO_COLOR: '1', FORCE_COLOR: '1' }, terminal: true, colored: false },
  ])('colour: %j', async ({ environment, terminal, colored }) => {
    const { stderr } = await cosa(['doctor', '--frobnicate'], { environment, terminal });
    expect(stderr.includes(escapeCharacter)).toBe(colored);
  });
});
