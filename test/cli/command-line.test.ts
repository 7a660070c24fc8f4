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
    [
      ['completion'],
      "error: missing required argument 'shell'\nhint: for example: cosa completion bash; see cosa completion --help\n",
    ],
    [
      ['image', 'build', 'qemu', 'mteal'],
      'error: "mteal" is not a platform that disk images can be made for\nhint: did you mean "metal"?\n',
    ],
    [
      ['image', 'build', '--compress', 'lzma'],
      "error: option '--compress <how>' argument 'lzma' is invalid. Allowed choices are none, auto, gzip, zstd, xz.\n" +
        'hint: see cosa image build --help\n',
    ],
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
    [['-C', '/etc/passwd', 'doctor'], 'error: -C /etc/passwd: this is no directory\n'],
    [
      ['-C', '/nonexistent', '-C', 'a', 'doctor', '-C', 'b'],
      'error: -C /nonexistent/a/b: there is no such directory\n',
    ],
    [['-C', '/nonexistent', 'doctor', '-C', '/none'], 'error: -C /none: there is no such directory\n'],
  ];
  test.each(cases)('%j', async (args, message) => {
    expect(await cosa(args)).toEqual({ status: 2, stdout: '', stderr: message });
  });

  test.each([
    ['buld', 'did you mean cosa build?'],
    ['bild', 'did you mean cosa build?'],
    ['ostree bild', 'did you mean cosa ostree build?'],
    ['ostre', 'did you mean cosa ostree build?'],
    ['image bild', 'did you mean cosa image build?'],
    ['log', 'did you mean cosa login or cosa logout?'],
    ['kola ru', 'did you mean cosa kola run?'],
    ['help nonsense', 'see cosa --help'],
    ['nonsense --help', 'see cosa --help'],
    ['-C / nonsense -h', 'see cosa --help'],
    ['help ostree bild', 'did you mean cosa ostree build?'],
    ['osbuild qemu', 'disk images are made by: cosa image build qemu'],
    ['buildextend-qemu', 'disk images are made by: cosa image build qemu'],
    ['buildextend-aws --upload', 'disk images are made by: cosa image build aws'],
    ['buildextend-live', 'disk images are made by: cosa image build live'],
    ['buildprep', 'a container is followed on: cosa init --ostree REFERENCE'],
    ['cloud-prune', 'what nobody needs any more is removed by: cosa gc --policy gc.yaml'],
    ['buildupload s3', 'builds go to a registry: cosa push DESTINATION'],
    ['push-container', 'builds go to a registry: cosa push DESTINATION'],
    ['compress', 'layers are compressed when they are written, and disk images by: cosa image build --compress auto'],
    ['meta --get name', 'what a build is made of stands in its container: cosa inspect --json'],
    ['clean', 'old builds are removed by "cosa prune --keep 3", what only saves time by "cosa prune --cache"'],
    ['rm', 'old builds are removed by: cosa prune --keep 3'],
    ['kola list', 'suites and tests are named by: cosa test --help'],
    ['version', 'the version is told by: cosa --version'],
  ])('cosa %s is answered', async (line, hint) => {
    const { status, stdout, stderr } = await cosa(line.split(' '));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^error: unknown command '[a-z0-9-]+'\n/);
    expect(stderr.split('\n')[1]).toBe(`hint: ${hint}`);
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
  test('of a family says what it is about', async () => {
    const { status, stdout } = await cosa(['ostree', '--help']);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringContaining('The operating system as a container.\n'),
    });
  });

  test('that nobody asked for is an error for programs', async () => {
    const { status, stdout } = await cosa(['--json']);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'COMMAND_LINE', message: 'no command is given', hint: 'see cosa --help' },
    });
  });

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
    const version = { status: 0, stdout: expect.stringMatching(/^cosa \d+\.\d+\.\d+\n$/) };
    expect(await cosa(['--version'])).toMatchObject(version);
    expect(await cosa(['-V'])).toMatchObject(version);
  });
});

test.each([
  ['doctor', 'the same command begins anew'],
  ['fetch', 'finished work is kept; the same command goes on from there'],
])('an interrupted %s says what the same command will do', async (command, kept) => {
  const { stdout, stderr } = await cosa([command], { signal: AbortSignal.abort() });
  expect({ stdout, stderr }).toEqual({ stdout: '', stderr: `interrupted: ${kept}\n` });
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
