import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadTreefile } from '../../src/config/treefile.ts';
import { readWholeConfig } from '../../src/config/whole.ts';
import { run } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import { CosaError } from '../../src/lib/errors.ts';
import { writeFiles } from './support.ts';

const load = (base: string) => loadTreefile(base, { basearch: 'x86_64' });

test.each([
  ['ends of lines of Windows', 'packages:\r\n  - a\r\n  - b\r\nrecommends: false\r\n'],
  ['a byte order mark', '\ufeffpackages: [a, b]\nrecommends: false\n'],
])('%s: no matter', async (_, manifest) => {
  const { treefile } = await load(await writeFiles({ 'manifest.yaml': manifest }));
  expect(treefile).toMatchObject({ packages: ['a', 'b'], recommends: false });
});

const doubling = (depth: number) =>
  Array.from({ length: depth }, (_, index) =>
    index === 0 ? 'a0: &a0 [x, x]' : `a${index}: &a${index} [*a${index - 1}, *a${index - 1}]`,
  ).join('\n');

test.each([
  ['aliases of aliases', doubling(40), 'CONFIG_SYNTAX', 'aliases make far more of this file than it holds'],
  ['brackets without end', '['.repeat(100_000), 'CONFIG_SYNTAX', 'this is not valid YAML'],
  ['ten million bytes', `packages: [${'a, '.repeat(3_500_000)}]`, 'FILE_TOO_LARGE', 'it has more than 1048576 bytes'],
  ['tabs before keys', 'metadata:\n\tname: a\n', 'CONFIG_SYNTAX', 'this is not valid YAML'],
  ['no map', '- a\n- b\n', 'CONFIG_VALUE', 'the file must be a map, not a list'],
  ['a key of the engine', '__proto__: {packages: [a]}\n', 'CONFIG_UNKNOWN_KEY', 'unknown key "__proto__"'],
  ['another one', 'constructor: x\n', 'CONFIG_UNKNOWN_KEY', 'unknown key "constructor"'],
])('%s: an error that names the file', async (_, text, code, message) => {
  const base = await writeFiles({ 'manifest.yaml': 'include: parts/a.yaml\n', 'parts/a.yaml': text });
  const error: unknown = await load(base).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code, exitStatus: 2, message: expect.stringContaining(message) as unknown });
  if (!(error instanceof CosaError)) throw new Error('expected a CosaError');
  expect(error.where?.file ?? error.message).toContain('parts/a.yaml');
});

test('a pipe is not waited for', async () => {
  const base = await writeFiles({ 'manifest.yaml': 'include: pipe.yaml\n' });
  await run({ ...tools.git, name: 'mkfifo' }, [join(base, 'pipe.yaml')]);
  const where = { file: join(base, 'manifest.yaml'), line: 1, column: 10 };
  await expect(load(base)).rejects.toMatchObject({ code: 'NOT_A_FILE', exitStatus: 2, where });
});

/** A line of the manifest that names `odd`, and where; or a file of the config itself, of that name. */
const odd: [string, string, number?][] = [
  ['check-passwd: {type: file, filename: odd}\n', 'odd', 38],
  ['check-groups: {type: file, filename: odd}\n', 'odd', 38],
  ['postprocess-script: odd\n', 'odd', 21],
  ['add-files: [[odd, /etc/x]]\n', 'odd', 14],
  ['arch-include: {x86_64: odd}\n', 'odd', 24],
  ...[
    'image.yaml',
    'platforms.yaml',
    'disk.yaml',
    'release.yaml',
    'manifest-lock.overrides.yaml',
    'a.repo',
    'a.sources',
  ].map((name): [string, string] => ['', name]),
  ['ostree-layers: [overlay/x]\n', 'overlay.d/x/statoverride'],
  ['', 'manifest-lock.x86_64.json'],
];

describe.each(['a pipe', 'a directory'])('%s in place of a file is told with its place', (kind) => {
  test.each(odd)('%s%s', async (line, name, column) => {
    const base = await writeFiles({ 'manifest.yaml': `metadata: {name: a}\n${line}`, 'overlay.d/x/y': '' });
    await run({ ...tools.git, name: kind === 'a pipe' ? 'mkfifo' : 'mkdir' }, [join(base, name)]);
    const { problems } = await readWholeConfig(base, { basearch: 'x86_64' });
    const where = column === undefined ? { file: join(base, name) } : { line: 2, column };
    expect(problems.filter(({ code }) => code === 'NOT_A_FILE')).toMatchObject([{ where }]);
  });
});

test('two thousand files with twenty thousand packages are ten times the work of a tenth of them, not a hundred times', async () => {
  const script = join(import.meta.dirname, 'reading-work.ts');
  const node = { ...tools.git, name: process.execPath };
  const { stdout } = await run(node, ['--import', 'tsx', script, '1', '200', '2000']);
  // What is done once, whatever the config, does not count.
  const [once = 0, few = 0, many = 0] = stdout.trim().split('\n').map(Number);
  expect((many - once) / (few - once)).toBeLessThan(12);
}, 120_000);
