import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory that is removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-config-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes files, by their path below a directory, and returns the directory. */
export async function writeFiles(files: Readonly<Record<string, string>>, directory?: string): Promise<string> {
  const base = directory ?? (await temporaryDirectory());
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(base, path)), { recursive: true });
    // Scripts are executable, as in a checkout.
    await writeFile(join(base, path), content, { mode: path.endsWith('.sh') ? 0o755 : 0o644 });
  }
  return base;
}

/** The least that a config needs. */
export const minimalConfig = {
  'manifest.yaml': 'metadata: {name: test-os}\nrepos: [debian]\n',
  'debian.sources': 'Types: deb\n',
};

export const testOptions = { basearch: 'x86_64' as const, repositoryExtensions: ['.sources', '.repo'] };
