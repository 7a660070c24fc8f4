import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openScratch } from '../../src/exec/scratch.ts';

// A process that is killed at some point: it says where it is, and goes on.
const [base = ''] = process.argv.slice(2);
const say = (text: string) => new Promise((resolve) => process.stdout.write(`${text}\n`, resolve));

await say('begun');
const scratch = await openScratch(join(base, 'scratch'));
await say('opened');
await mkdir(join(scratch.path, 'deep/er'), { recursive: true });
await writeFile(join(scratch.path, 'deep/er/disk'), 'x'.repeat(100_000));
await say('filled');
setInterval(() => undefined, 1000);
