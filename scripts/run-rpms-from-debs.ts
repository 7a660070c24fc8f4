import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { parseLockfile } from '../src/contract/lockfile.ts';
import { openSigningKey } from './rpms-from-debs/signing-key.ts';
import { rpmsFromDebs } from './rpms-from-debs.ts';

// Makes a repository of signed rpms out of the Debian packages of a lockfile, which lie in a work directory's cache:
//
//   cosa fetch --update-lockfile
//   npx tsx scripts/run-rpms-from-debs.ts --lock src/config/manifest-lock.x86_64.json --packages cache/packages DIRECTORY
//
// DIRECTORY/repo is the repository, DIRECTORY/key.asc the key that has signed its packages. A second run makes only what is new.
// --later NAME makes a package once more in a later version, as if it had been updated; it may be given several times.

const { values, positionals } = parseArgs({
  options: { lock: { type: 'string' }, packages: { type: 'string' }, later: { type: 'string', multiple: true } },
  allowPositionals: true,
});
const [target] = positionals;
const { lock: lockFile, packages, later = [] } = values;
if (target === undefined || lockFile === undefined || packages === undefined) {
  console.error('usage: run-rpms-from-debs.ts --lock FILE --packages DIRECTORY [--later NAME]… DIRECTORY');
  process.exit(2);
}
const directory = resolve(target);
await mkdir(directory, { recursive: true });
const lock = parseLockfile(await readFile(lockFile, 'utf8'), lockFile);
await using key = await openSigningKey(directory);
await rpmsFromDebs({
  debs: lock.packages.map((locked) => ({ locked, file: join(packages, `${locked.sha256}.deb`) })),
  output: join(directory, 'repo'),
  cache: join(directory, 'made'),
  key,
  changes: Object.fromEntries(later.map((name) => [name, { revision: '2' }])),
  onProgress: (done, total, name) => console.error(`${done}/${total} ${name}`),
});
