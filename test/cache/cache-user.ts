import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from '../../src/cache/cache.ts';
import { directoryCache } from '../../src/cache/directories.ts';
import { cacheKinds } from '../../src/cache/kinds.ts';

// A process that fills, uses and evicts until it is killed. It says where it is, and ends if it finds anything that is not
// what was put there.
const [top = '', seed = '1'] = process.argv.slice(2);
const say = (text: string) => new Promise((resolve) => process.stdout.write(`${text}\n`, resolve));

/** Numbers below `limit`, each time the same for a seed: https://en.wikipedia.org/wiki/Linear_congruential_generator */
let state = Number(seed);
function below(limit: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

const watcher = { signal: new AbortController().signal, events: () => undefined };
const textOf = (key: string, file: number) => `${key} ${file}\n`.repeat(500);

async function check(key: string, read: () => Promise<string | undefined>, expected: string): Promise<void> {
  const text = await read().catch((error: unknown) => String(error));
  if (text === expected) return;
  await say(`broken: ${key}: ${text?.slice(0, 100)}`);
  process.exit(1);
}

async function useTree(): Promise<void> {
  await using trees = directoryCache(top, cacheKinds.roots, watcher);
  const key = `tree-${below(5)}`;
  const directory =
    (await trees.find(key)) ??
    (await trees.fill(key, async (made) => {
      await mkdir(join(made, 'deep'));
      for (let file = 0; file < 5; file++) await writeFile(join(made, 'deep', `${file}`), textOf(key, file));
      await say('filled');
    }));
  for (let file = 0; file < 5; file++) {
    await check(key, () => readFile(join(directory, 'deep', `${file}`), 'utf8'), textOf(key, file));
    // Meanwhile others do something.
    if (file === 2) await evict();
  }
  await say('read');
}

async function useText(): Promise<void> {
  await using texts = await openCache(top, cacheKinds.lock);
  const name = `text-${below(30)}`;
  await texts.use([name]);
  await say('opened');
  if ((await texts.readText(name)) === undefined) await texts.writeText(name, textOf(name, 0));
  await check(name, () => texts.readText(name), textOf(name, 0));
  await texts.trim();
  await check(name, () => texts.readText(name), textOf(name, 0));
}

async function evict(): Promise<void> {
  await using trees = await openCache(top, cacheKinds.roots);
  await say('evicting');
  await trees.remove([`tree-${below(5)}`, `tree-${below(5)}`]);
}

for (;;) {
  await [useTree, useText, evict][below(3)]?.();
  await say('done');
}
