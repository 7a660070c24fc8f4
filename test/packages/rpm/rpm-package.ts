import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../src/exec/run.ts';
import type { TestRpm, TestRpmFile } from '../../helpers/rpm-packages.ts';

const ldd = { name: 'ldd', packages: { deb: 'libc-bin', rpm: 'glibc-common' }, purpose: 'tells what a program needs' };

/**
 * A package of this machine's rpm, with all that it needs to run in an empty directory; a shell excepted.
 * @param version that it says it has
 */
export async function rpmOfHost(version = '4.18'): Promise<TestRpm> {
  const { stdout } = await run(ldd, ['/usr/bin/rpm']);
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path ?? '');
  const files: Record<string, TestRpmFile> = { '/usr/bin/rpm': { copyOf: '/usr/bin/rpm', mode: 0o755 } };
  for (const library of libraries) {
    const place = library.startsWith('/usr/') ? library : join('/usr', library);
    files[place] = { copyOf: await realpath(library), mode: 0o755 };
  }
  for (const name of ['macros', 'rpmrc', 'macros.d', 'platform/x86_64-linux']) {
    const path = join('/usr/lib/rpm', name);
    const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
    if (entries === undefined) files[path] = { copyOf: path };
    else
      for (const entry of entries)
        if (entry.isFile()) files[join(path, entry.name)] = { copyOf: join(path, entry.name) };
  }
  return { name: 'rpm', version, architecture: 'x86_64', files };
}
