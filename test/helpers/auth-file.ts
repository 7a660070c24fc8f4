import { writeFile } from 'node:fs/promises';

/** Writes an auth.json with one host's credentials, or with none; see containers-auth.json(5). */
export async function writeAuthFile(
  path: string,
  host: string,
  user: { name: string; password: string } | undefined,
): Promise<string> {
  const auth = Buffer.from(`${user?.name}:${user?.password}`).toString('base64');
  await writeFile(path, JSON.stringify({ auths: user === undefined ? {} : { [host]: { auth } } }), { mode: 0o600 });
  return path;
}
