import type { OutputChunk } from 'rolldown';
import { beforeAll, expect, test } from 'vitest';
import { bundleOutput, chunksOf, openBundle } from '../../scripts/bundle.ts';

let chunks: ReadonlyMap<string, OutputChunk>;
beforeAll(async () => {
  await using bundle = await openBundle();
  chunks = new Map(chunksOf(await bundle.generate(bundleOutput)).map((chunk) => [chunk.fileName, chunk]));
});

/** What is loaded with a file: itself, and whatever it and they import. */
function loadedWith(fileName: string): OutputChunk[] {
  const loaded = new Set<OutputChunk>();
  const left = [fileName];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    const chunk = chunks.get(name);
    if (chunk === undefined || loaded.has(chunk)) continue;
    loaded.add(chunk);
    left.push(...chunk.imports);
  }
  return [...loaded];
}

function packagesIn(loaded: readonly OutputChunk[]): string[] {
  const modules = loaded.flatMap(({ moduleIds }) => moduleIds);
  const names = modules.map((path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** The file whose source is `path`. */
function fileOf(path: string): string {
  const [chunk] = [...chunks.values()].filter(({ moduleIds }) => moduleIds.some((id) => id.endsWith(path)));
  return chunk?.fileName ?? `no file holds ${path}`;
}

test('the version takes a few kilobytes of our own', () => {
  const loaded = loadedWith('main.js');
  expect(packagesIn(loaded)).toEqual([]);
  expect(loaded.reduce((bytes, { code }) => bytes + code.length, 0)).toBeLessThan(8 * 1024);
});

test('the command tree takes what parses and shows it, and nothing that commands need', () => {
  expect(packagesIn(loadedWith(fileOf('/src/cli/run.ts')))).toEqual(['commander', 'fastest-levenshtein', 'picocolors']);
});

test.each([
  ['list', ['yaml', 'smol-toml', 'execa', 'pako', 'zstddec']],
  ['doctor', ['zod', 'yaml']],
  ['ostree-build', ['smol-toml', 'execa']],
])('cosa %s does not load at once what it may never need', (command, packages) => {
  const loaded = packagesIn(loadedWith(fileOf(`/src/cli/commands/${command}.ts`)));
  expect(loaded.filter((name) => packages.includes(name))).toEqual([]);
});

test('each thread has a file where it is looked for, beside all others', () => {
  const named = [...chunks.values()].flatMap(({ code }) =>
    [...code.matchAll(/new URL\(["']\.\/([\w-]+)\.ts["'], import\.meta\.url\)(?!`)/g)].map(([, name]) => `${name}.js`),
  );
  expect(named).toContain('content-thread.js');
  expect(named.filter((file) => chunks.get(file)?.isEntry !== true)).toEqual([]);
});

test('nothing is looked for beside a source file, which is not there any more', () => {
  const code = [...chunks.values()].flatMap((chunk) => chunk.code.split('\n'));
  const isComment = (line: string) => /^\s*(?:\*|\/\/)/.test(line);
  expect(code.filter((line) => /\b__dirname\b|import\.meta\.dirname/.test(line) && !isComment(line))).toEqual([]);
});
