import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryRun } from '../run.ts';
import { missingTool } from '../tool-errors.ts';
import { tools } from '../tools.ts';
import { which } from '../which.ts';
import { readVerdict, type SignatureVerdict } from './gpgv-status.ts';
import { revokedKeys } from './revoked-keys.ts';

/**
 * The public keys of a file as gpgv reads them: binary, as `gpg --export` writes it, or in one or more blocks of text, as
 * `gpg --armor --export` does.
 * @returns `undefined` if the file holds none
 */
export function publicKeysOf(bytes: Buffer): Buffer | undefined {
  const keyring = dearmored(bytes);
  // The first packet is a public key: https://www.rfc-editor.org/rfc/rfc9580#section-4.2
  const tag = keyring[0] ?? 0;
  const isKey = (tag & 0xc0) === 0xc0 ? (tag & 0x3f) === 6 : (tag & 0xc0) === 0x80 && ((tag >> 2) & 0xf) === 6;
  return isKey ? keyring : undefined;
}

/** https://www.rfc-editor.org/rfc/rfc9580#section-6.2 */
function dearmored(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  if (!text.includes('-----BEGIN PGP PUBLIC KEY BLOCK-----')) return bytes;
  const blocks = text.matchAll(
    /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n(?:[^\n:]+:[^\n]*\n)*\r?\n([A-Za-z0-9+/=\s]*?)(?:\r?\n=[A-Za-z0-9+/]{4})?\r?\n-----END/g,
  );
  return Buffer.concat([...blocks].map(([, block = '']) => Buffer.from(block, 'base64')));
}

/** A detached signature, and what it is of. */
export interface SignedData {
  /** One or more, as packets of OpenPGP or as text. */
  signature: Uint8Array;
  /** Bytes, or an absolute path. */
  data: Uint8Array | string;
}

/** Many calls of gpgv cost one of ours: it looks at one signed file a call. */
const checkEach = `
for name in "$@"; do
  echo "file $name"
  gpgv --homedir . --status-fd 1 --ignore-time-conflict --keyring ./keyring.gpg "./$name.signature" "./$name.data"
done
exit 0
`;

/**
 * Checks detached signatures with gpgv, by the keys of a keyring and no others. What is dated in the future is no better or worse
 * for the clock of this machine.
 * @param keyring as {@link publicKeysOf} gives it, or several behind each other
 * @returns what each is worth, in their order
 * @throws CosaError `TOOL_MISSING` (exit 3); the signal's reason
 */
export async function checkDetachedSignatures(
  items: readonly SignedData[],
  keyring: Uint8Array,
  signal: AbortSignal,
): Promise<SignatureVerdict[]> {
  if ((await which(tools.gpgv.name)) === undefined) throw missingTool(tools.gpgv);
  const directory = await mkdtemp(join(tmpdir(), 'cosa-gpgv-'));
  try {
    await writeFile(join(directory, 'keyring.gpg'), keyring);
    for (const [index, { signature, data }] of items.entries()) {
      await writeFile(join(directory, `${index}.signature`), signature);
      const path = join(directory, `${index}.data`);
      await (typeof data === 'string' ? symlink(data, path) : writeFile(path, data));
    }
    const names = items.map((_, index) => String(index));
    const { stdout } = await tryRun(tools.sh, ['-c', checkEach, tools.sh.name, ...names], { cwd: directory, signal });
    const revoked = revokedKeys(keyring);
    // What stands before the first name, and then of each its own.
    const [, ...outputs] = stdout.split(/^file \d+$/m);
    return items.map((_, index) => readVerdict(outputs[index] ?? '', revoked));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** As {@link checkDetachedSignatures}, of one. */
export async function checkDetachedSignature(
  item: SignedData,
  keyring: Uint8Array,
  signal: AbortSignal,
): Promise<SignatureVerdict> {
  const [verdict] = await checkDetachedSignatures([item], keyring, signal);
  return verdict ?? { kind: 'none' };
}
