import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import type { Descriptor } from '../../src/oci/types.ts';
import { storeImage } from '../helpers/image.ts';
import { cosa } from './in-process.ts';

const environment = { COSIGN_PASSWORD: 'secret', NO_COLOR: '1' };
const identity = 'registry.example.com/os/example';

let directory: string;
let image: Descriptor;
/** `oci:DIR:1`. */
let reference: string;
let home: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-sign-'));
  home = process.cwd();
  await using store = await openLayoutForWriting(join(directory, 'oci'));
  image = await storeImage(store, [Buffer.from('os')]);
  await store.setTags(['1'], image);
  reference = `oci:${directory}/oci:1`;
});
afterEach(async () => {
  // -C moves the process.
  process.chdir(home);
  await rm(directory, { recursive: true, force: true });
});

const run = (...args: readonly string[]) => cosa(['-C', directory, '--quiet', ...args], { environment });

describe('cosa sign and cosa verify', () => {
  it('make a key, sign and verify', async () => {
    expect(await run('sign', '--generate-key', 'release')).toEqual({
      status: 0,
      stdout: `${directory}/release.key signs, ${directory}/release.pub verifies\n`,
      stderr: '',
    });
    const sign = ['sign', '--key', 'release.key', '--identity', identity, reference];
    expect((await run(...sign)).stdout).toBe(`${image.digest} is signed as ${identity}\n`);
    expect((await run(...sign)).stdout).toBe(`${image.digest} is signed already\n`);
    const { status, stdout } = await run('verify', '--key', 'release.pub', reference);
    expect(status).toBe(0);
    expect(stdout.split('\n').map((line) => line.trimEnd())).toEqual([
      `${image.digest} is accepted`,
      `  attachment  ${directory}/release.pub  ${identity}`,
      `  bundle      ${directory}/release.pub`,
      '',
    ]);
  });

  it('print one document with --json', async () => {
    await run('sign', '--generate-key', 'release');
    const signed = await run('--json', 'sign', '--key', 'release.key', '--identity', identity, reference);
    expect(JSON.parse(signed.stdout)).toEqual({ digest: image.digest, identity, signed: [image.digest] });
    const verified = await run('--json', 'verify', '--key', 'release.pub', reference);
    expect(JSON.parse(verified.stdout)).toMatchObject({
      digest: image.digest,
      checked: true,
      signatures: [{ kind: 'attachment', identity }, { kind: 'bundle' }],
    });
  });

  it('say that nothing was checked where a policy asks for nothing', async () => {
    await writeFile(join(directory, 'open.json'), JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
    const { status, stdout, stderr } = await run('verify', '--policy', 'open.json', '--json', reference);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ digest: image.digest, checked: false, signatures: [] });
    expect(stderr).toBe(
      `warning: no signature of ${image.digest} was checked: the policy asks for none\n` +
        'hint: name the key that must have signed it: --key FILE\n',
    );
  });

  it('exit with 4 for what is not signed', async () => {
    await run('sign', '--generate-key', 'release');
    expect(await run('verify', '--key', 'release.pub', reference)).toEqual({
      status: 4,
      stdout: '',
      stderr:
        `error: ${reference} (${image.digest}) has no signature\n` +
        `hint: sign it with "cosa sign --key FILE --identity HOST/REPOSITORY ${reference}"\n`,
    });
  });

  it.each([
    [['sign'], 'the key is not given'],
    [['sign', '--key', 'release.key'], 'the container is not given'],
    [['sign', '1'], 'the key is not given'],
    [
      ['sign', '--key', 'a', '--generate-key', 'b'],
      "option '--generate-key <prefix>' cannot be used with option '--key <file>'",
    ],
    [
      ['verify', '--key', 'a', '--policy', 'b', '1'],
      "option '--policy <file>' cannot be used with option '--key <file>'",
    ],
  ])('refuse %j', async (args, message) => {
    const { status, stderr } = await run(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('the passphrase', () => {
  it('is not guessed where nobody can be asked', async () => {
    const { status, stderr } = await cosa(['-C', directory, 'sign', '--generate-key', 'release']);
    expect(status).toBe(2);
    expect(stderr).toBe(
      'error: the passphrase of the key is not given, and nobody can be asked\nhint: set $COSIGN_PASSWORD\n',
    );
  });

  /** Types these lines on a terminal, each once the one before is taken. */
  function type([first = '', ...others]: readonly string[], ...args: readonly string[]) {
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    stdin.on('pause', () => {
      const next = others.shift();
      if (next !== undefined) stdin.write(`${next}\r`);
    });
    stdin.write(`${first}\r`);
    return cosa(['-C', directory, ...args], { terminal: true, stdin });
  }

  it('is asked for on a terminal, of a new key twice, and never shown', async () => {
    const made = await type(['hush', 'hush'], 'sign', '--generate-key', 'release');
    expect(made.status).toBe(0);
    expect(made.stderr).toContain('Passphrase of the new key: ');
    const signed = await type(['hush'], 'sign', '--key', 'release.key', '--identity', identity, reference);
    expect(signed.status).toBe(0);
    expect(signed.stderr).toContain('Passphrase of release.key: ');
    const wrong = await type(['shush'], 'sign', '--key', 'release.key', '--identity', identity, reference);
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain(`the passphrase does not open the key ${directory}/release.key`);
    for (const { stdout, stderr } of [made, signed, wrong]) expect(stdout + stderr).not.toContain('hush');
  });

  it('has to be typed the same way twice', async () => {
    const { status, stderr } = await type(['hush', 'hash'], 'sign', '--generate-key', 'release');
    expect(status).toBe(2);
    expect(stderr).toContain('the two passphrases are not the same');
  });
});
