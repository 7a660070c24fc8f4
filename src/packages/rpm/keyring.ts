import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryRun } from '../../exec/run.ts';
import { tools } from '../../exec/tools.ts';
import { usageError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { printable } from '../../lib/printable.ts';

/** What rpm says of a package file. */
export type SignatureVerdict =
  | { kind: 'good' }
  | { kind: 'unsigned' }
  /** Signed by a key that the keyring does not have. */
  | { kind: 'unknown-key'; key: string }
  /** The signature, or what it stands for, is not good; `reason` is rpm's line. */
  | { kind: 'bad'; reason: string };

/** A database of keys of our own: neither the host's nor the target's. */
export interface RpmKeyring extends AsyncDisposable {
  /**
   * Checks the signatures of package files.
   * @param files absolute paths
   * @returns one verdict a file, in their order
   * @throws CosaError `TOOL_MISSING` (exit 3); the signal's reason
   */
  check(files: readonly string[], signal: AbortSignal): Promise<SignatureVerdict[]>;
}

/** Files that one call looks at: several run at the same time. */
const filesOfCall = 40;

/**
 * Makes a keyring of keys alone.
 * @param keys packets of OpenPGP, a file each
 * @throws CosaError `KEYRING_INVALID` (exit 2) for keys that rpm cannot read, `TOOL_MISSING` (exit 3)
 */
export async function openRpmKeyring(keys: readonly Buffer[], signal: AbortSignal): Promise<RpmKeyring> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-rpmkeys-'));
  const dispose = () => rm(directory, { recursive: true, force: true });
  // The level says that a signature there must be: rpm is content with none otherwise.
  const settings = { _dbpath: directory, _keyring: 'rpmdb', _pkgverify_level: 'signature', _pkgverify_flags: '0x0' };
  const definitions = Object.entries(settings).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  const rpmkeys = (args: readonly string[]) =>
    // A home of its own: the caller's may hold macros.
    tryRun(tools.rpmkeys, [...definitions, ...args], { env: { HOME: directory }, signal });
  try {
    const files = await Promise.all(
      keys.map(async (packets, index) => {
        const path = join(directory, `${index}.asc`);
        await writeFile(path, armored(packets));
        return path;
      }),
    );
    if (files.length > 0) {
      const { exitCode, stderr } = await rpmkeys(['--import', ...files]);
      if (exitCode !== 0) {
        const reason = printable(stderr.trim().split('\n').at(-1) ?? '');
        throw usageError('KEYRING_INVALID', `rpm cannot read a public key that gpgkey names: ${reason}`);
      }
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    async check(paths) {
      const calls = Array.from({ length: Math.ceil(paths.length / filesOfCall) }, (_, index) =>
        paths.slice(index * filesOfCall, (index + 1) * filesOfCall),
      );
      const outputs = await mapParallel(calls, (part) => rpmkeys(['--checksig', '--verbose', ...part]), 4, signal);
      const verdicts = new Map(outputs.flatMap(({ stdout }) => [...readVerdicts(stdout)]));
      return paths.map((path) => verdicts.get(path) ?? { kind: 'bad', reason: 'rpm cannot read it' });
    },
    [Symbol.asyncDispose]: dispose,
  };
}

/**
 * Reads what `rpmkeys --checksig --verbose` prints: a line with the file's name, then one for each signature and digest.
 * Whatever is not known to be good is bad.
 */
function readVerdicts(output: string): Map<string, SignatureVerdict> {
  const verdicts = new Map<string, SignatureVerdict>();
  let file: string | undefined;
  let lines: string[] = [];
  for (const line of [...output.split('\n'), 'end:']) {
    if (/^\s/.test(line)) {
      lines.push(line.trim());
      continue;
    }
    if (file !== undefined) verdicts.set(file, verdictOf(lines));
    file = line.endsWith(':') ? line.slice(0, -1) : undefined;
    lines = [];
  }
  return verdicts;
}

/** Kinds of signature that a package does not have are NOTFOUND; all others must be OK. */
function verdictOf(lines: readonly string[]): SignatureVerdict {
  const checks = lines.map((line) => {
    const [, subject = line, status = '', rest = ''] = /^(.+?): ([A-Z]+)\b(.*)$/.exec(line) ?? [];
    const [, key = ''] = /\bkey (?:ID|fingerprint):? ([0-9a-f]+)/i.exec(subject) ?? [];
    return { subject, status, key, isSignature: /signature/i.test(subject), text: `${subject}: ${status}${rest}` };
  });
  const wrong = checks.filter(({ status }) => status !== 'OK' && status !== 'NOTFOUND');
  const broken = wrong.find(({ status }) => status !== 'NOKEY');
  if (broken !== undefined) return { kind: 'bad', reason: printable(broken.text) };
  const [unknown] = wrong;
  if (unknown !== undefined) return { kind: 'unknown-key', key: unknown.key };
  const isSigned = checks.some(({ isSignature, status, key }) => isSignature && status === 'OK' && key !== '');
  return isSigned ? { kind: 'good' } : { kind: 'unsigned' };
}

/** https://www.rfc-editor.org/rfc/rfc9580#section-6.2 */
function armored(packets: Buffer): string {
  const lines = packets.toString('base64').match(/.{1,64}/g) ?? [];
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc24(packets));
  const begin = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
  const end = '-----END PGP PUBLIC KEY BLOCK-----';
  return [begin, '', ...lines, `=${checksum.subarray(1).toString('base64')}`, end, ''].join('\n');
}

/** https://www.rfc-editor.org/rfc/rfc9580#section-6.1.1 */
function crc24(bytes: Uint8Array): number {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb;
    }
  }
  return crc & 0xffffff;
}
