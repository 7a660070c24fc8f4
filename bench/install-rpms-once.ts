// Installs the packages of a lock, whose files are in a cache, as a build does: for bench/install-rpms.ts, which measures it.
// Usage: tsx bench/install-rpms-once.ts CACHE LOCK ROOT

import { readFile } from 'node:fs/promises';
import { parseLockfile } from '../src/contract/lockfile.ts';
import { installRpms } from '../src/packages/rpm/install.ts';
import { silentReporter } from '../src/progress/reporter.ts';

const [cacheDirectory = '', lockFile = '', root = ''] = process.argv.slice(2);
const lock = parseLockfile(await readFile(lockFile, 'utf8'), lockFile);
await installRpms({}, lock, root, { documentation: false }, { cacheDirectory, reporter: silentReporter() });
