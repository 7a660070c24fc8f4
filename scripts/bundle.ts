import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type OutputChunk, type OutputOptions, type RolldownBuild, type RolldownOutput, rolldown } from 'rolldown';
import manifest from '../package.json' with { type: 'json' };
import { sortByBytes } from '../src/lib/order.ts';

const checkout = resolve(import.meta.dirname, '..');

/**
 * The program as few JavaScript files, with the npm packages in it and what few commands need in files of its own. Left
 * out are the packages that `dependencies` in package.json names: those that read files of theirs.
 * @param more files to be started besides, by the name that they get
 */
export function openBundle(more: Record<string, string> = {}): Promise<RolldownBuild> {
  return rolldown({
    cwd: checkout,
    input: { ...entries(), ...more },
    platform: 'node',
    external: Object.keys(manifest.dependencies),
    transform: { target: `node${manifest.engines.node.replace('>=', '')}` },
  });
}

/** Names without a hash, and nothing made shorter: a stack trace should tell something. */
export const bundleOutput: OutputOptions = {
  format: 'esm',
  sourcemap: true,
  sourcemapExcludeSources: true,
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
};

/** What is started by its name: the program, and each thread (`lib/parallel/thread.ts`). All files lie beside each other. */
function entries(): Record<string, string> {
  const source = join(checkout, 'src');
  const files = sortByBytes(readdirSync(source, { recursive: true, encoding: 'utf8' }));
  const started = ['cli/main.ts', ...files.filter((file) => file.endsWith('-thread.ts'))];
  return Object.fromEntries(started.map((file) => [basename(file, '.ts'), join(source, file)]));
}

export function chunksOf({ output }: RolldownOutput): OutputChunk[] {
  return output.filter((file): file is OutputChunk => file.type === 'chunk');
}
