import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const source = resolve(import.meta.dirname, '../../src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(join(source, file), 'utf8') }));

describe('the table of tools', () => {
  test('has every program that is run, but for those that users choose or the table of architectures names', () => {
    // Who runs a program needs a Tool, and this is in every one.
    const makers = files.filter(({ text }) => /\bpurpose: ['"`]|\.\.\.tools\./.test(text)).map(({ file }) => file);
    const others = ['credential-helper', 'machine-tools', 'user-emulator'].map((name) => `exec/tools/${name}.ts`);
    expect(makers.sort()).toEqual(others);
  });

  test('names what is started without a Tool', () => {
    const starting = files.filter(({ text }) => /'(?:node:)?child_process'|'execa'/.test(text));
    expect(starting.map(({ file }) => file).sort()).toEqual(['exec/lock.ts', 'exec/run.ts']);
    const started = starting.flatMap(({ text }) =>
      [...text.matchAll(/\b(?:spawn|execa)\(([^\s,)]+)/g)].map(([, name = '']) => name),
    );
    expect(started.filter((name) => !/^(?:tools\.\w+|tool)\.name$/.test(name))).toEqual([]);
  });

  test('has each entry used', () => {
    const table = files.find(({ file }) => file === 'exec/tools.ts')?.text ?? '';
    const names = [...table.matchAll(/^ {2}(\w+): (?:tool\(|\{ \.\.\.tool\(|\{$)/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(30);
    const unused = names.filter((name) => !files.some(({ text }) => new RegExp(`\\btools\\.${name}\\b`).test(text)));
    expect(unused).toEqual([]);
  });
});
