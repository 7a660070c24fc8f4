import { join, resolve } from 'node:path';
import ts from 'typescript';
import { beforeAll, expect, test } from 'vitest';
import { diskKeys, diskPartitionKeys } from '../../src/config/disk-layout.ts';
import { imageFileKeys } from '../../src/config/image-keys.ts';
import type { KeyTable } from '../../src/config/key-table.ts';
import { loadConfig } from '../../src/config/load.ts';
import { platformKeys } from '../../src/config/platforms.ts';
import { releaseKeys } from '../../src/config/release.ts';
import { treefileFileKeys } from '../../src/config/treefile-keys.ts';
import { minimalConfig, testOptions, writeFiles } from './support.ts';

/** Every key is read somewhere in the source, or it says of itself that it has no effect. The compiler knows who reads what. */

const source = resolve(import.meta.dirname, '../../src');

/** The types by which the tables' keys are read: [file, name]. */
const types = {
  treefile: ['config/treefile-keys.ts', 'Treefile'],
  // What one file says, before it is merged: includes and variables are used up there.
  file: ['config/treefile-keys.ts', 'TreefileValues'],
  imageFile: ['config/image-keys.ts', 'ImageFileValues'],
  image: ['contract/image-config.ts', 'DiskConfig'],
  disk: ['contract/disk-layout.ts', 'DiskLayout'],
  diskPartition: ['contract/disk-layout.ts', 'LayoutPartition'],
  platform: ['contract/platforms.ts', 'PlatformSettings'],
  release: ['contract/release.ts', 'ReleaseSettings'],
} as const;

type TypeName = keyof typeof types;

const tables: Readonly<Record<string, KeyTable>> = {
  'manifest.yaml': treefileFileKeys,
  'image.yaml': imageFileKeys,
  'disk.yaml': diskKeys,
  'a partition of disk.yaml': diskPartitionKeys,
  'platforms.yaml': platformKeys,
  'release.yaml': releaseKeys,
};
const keys = Object.entries(tables).flatMap(([file, table]) =>
  Object.entries(table).map(([name, definition]) => ({ file, name, definition, unread: definition.unread })),
);
const keyNames: ReadonlySet<string> = new Set(keys.map(({ name }) => name));

const readKeys = new Map<TypeName, Set<string>>();

beforeAll(() => {
  const configPath = join(source, '..', 'tsconfig.json');
  const { config } = ts.readConfigFile(configPath, (path) => ts.sys.readFile(path)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(source, '..'));
  const files = ts.sys.readDirectory(source, ['.ts']);
  const program = ts.createProgram(files, options);
  const checker = program.getTypeChecker();
  const wanted = new Map<ts.Type, Set<string>>();
  for (const [name, [file, alias]] of Object.entries(types)) {
    const keys = new Set<string>();
    readKeys.set(name as TypeName, keys);
    wanted.set(aliasType(program, checker, join(source, file), alias), keys);
  }
  for (const file of files) visit(program.getSourceFile(file) as ts.Node);

  function visit(node: ts.Node): void {
    ts.forEachChild(node, visit);
    if (ts.isObjectBindingPattern(node)) note(node, node.elements.map(boundName));
    else if (ts.isPropertyAccessExpression(node) && !isAssigned(node)) note(node.expression, [node.name.text]);
    else if (ts.isElementAccessExpression(node) && !isAssigned(node)) {
      const { expression, argumentExpression: argument } = node;
      note(expression, ts.isStringLiteral(argument) ? [argument.text] : literals(checker.getTypeAtLocation(argument)));
    }
  }

  function note(object: ts.Node, names: readonly string[]): void {
    // Asking for a type is what takes time.
    const keys = names.filter((name) => keyNames.has(name));
    if (keys.length === 0) return;
    const found = wanted.get(checker.getNonNullableType(checker.getTypeAtLocation(object)));
    for (const key of keys) found?.add(key);
  }
}, 120_000);

function aliasType(program: ts.Program, checker: ts.TypeChecker, file: string, name: string): ts.Type {
  const statement = program
    .getSourceFile(file)
    ?.statements.find(
      (node): node is ts.TypeAliasDeclaration => ts.isTypeAliasDeclaration(node) && node.name.text === name,
    );
  if (statement === undefined) throw new Error(`${file} has no type ${name}`);
  return checker.getTypeAtLocation(statement.name);
}

/** The strings that a type stands for, if it is made of few. */
function literals(type: ts.Type): string[] {
  const parts = type.isUnion() ? type.types : [type];
  return parts.length > 5 ? [] : parts.flatMap((part) => (part.isStringLiteral() ? [part.value] : []));
}

function boundName({ propertyName, name }: ts.BindingElement): string {
  const key = propertyName ?? name;
  return ts.isIdentifier(key) || ts.isStringLiteral(key) ? key.text : '';
}

function isAssigned(node: ts.Node): boolean {
  const { parent } = node;
  return (
    ts.isBinaryExpression(parent) && parent.left === node && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken
  );
}

const keysOfOneFile = ['include', 'arch-include', 'conditional-include', 'variables', 'releasever', 'basearch'];

function readersOf(file: string, key: string): string[] {
  if (file === 'platforms.yaml') return [...(readKeys.get('platform') ?? [])];
  if (file === 'release.yaml') return [...(readKeys.get('release') ?? [])];
  if (file === 'disk.yaml') return [...(readKeys.get('disk') ?? [])];
  if (file === 'a partition of disk.yaml') return [...(readKeys.get('diskPartition') ?? [])];
  if (file === 'image.yaml') return [...(readKeys.get(key === 'include' ? 'imageFile' : 'image') ?? [])];
  const isOfOneFile = keysOfOneFile.includes(key) || key.startsWith('packages-');
  return [...(readKeys.get(isOfOneFile ? 'file' : 'treefile') ?? [])];
}

const isRead = ({ unread }: (typeof keys)[number]) => unread === undefined || unread.butFor !== undefined;

test.each(keys.filter(isRead))('$name in $file is read', ({ file, name }) => {
  expect(readersOf(file, name)).toContain(name);
});

const unreadKeys = keys.filter(({ unread }) => unread !== undefined);

test.each(unreadKeys.filter((key) => !isRead(key)))(
  'nothing reads $name in $file, as it says of itself',
  ({ file, name }) => {
    expect(readersOf(file, name)).not.toContain(name);
  },
);

/** Values that are not what happens anyway, where the example is. */
const otherValues: Readonly<Record<string, string>> = {
  edition: '"2014"',
  'boot-location': 'new',
  'tmp-is-dir': 'false',
  'ostree-format': 'tar',
  cliwrap: 'true',
  'rpmdb-normalize': 'false',
  'repo-metadata': 'inline',
  'advisories-metadata': 'inline',
  sysusers: 'compose-auto',
};

test.each(unreadKeys)('whoever sets $name in $file is told where', async ({ file, name, definition, unread }) => {
  const value = otherValues[name] ?? definition.example;
  const lines = file === 'manifest.yaml' ? [minimalConfig['manifest.yaml'].trimEnd(), 'variables: {stream: s}'] : [];
  const text = [...lines, `${name}: ${value}`, ''].join('\n');
  const base = await writeFiles({ ...minimalConfig, [file]: text });
  const config = await loadConfig(base, testOptions);
  const where = { file: join(base, file), line: text.split('\n').length - 1, column: 1 };
  expect(config.unread).toEqual([{ key: name, where, butFor: unread?.butFor, reason: unread?.because }]);
});

test.each(unreadKeys.flatMap((key) => (key.unread?.unless ?? []).map((value) => ({ ...key, value }))))(
  '$name: $value in $file is what happens anyway',
  async ({ file, name, value }) => {
    const before = file === 'manifest.yaml' ? minimalConfig['manifest.yaml'] : '';
    const base = await writeFiles({ ...minimalConfig, [file]: `${before}${name}: ${JSON.stringify(value)}\n` });
    expect((await loadConfig(base, testOptions)).unread).toEqual([]);
  },
);

test('a key that several files set is named once, where the strongest has it', async () => {
  const base = await writeFiles({
    ...minimalConfig,
    'manifest.yaml': `${minimalConfig['manifest.yaml']}include: [one.yaml, two.yaml]\n`,
    'one.yaml': '# a comment\nref: a\n',
    'two.yaml': 'ref: b\n',
    'image.yaml': 'include: [weak.yaml, strong.yaml]\n',
    'weak.yaml': 'ostree-remote: example\n',
    'strong.yaml': 'size: 9\nostree-remote: example\n',
  });
  expect((await loadConfig(base, testOptions)).unread.map(({ where }) => where)).toEqual([
    { file: join(base, 'one.yaml'), line: 2, column: 1 },
    { file: join(base, 'strong.yaml'), line: 2, column: 1 },
  ]);
});

test('the example sets no key that nothing reads', async () => {
  const example = join(source, '..', 'examples', 'debian-coreos');
  expect((await loadConfig(example, testOptions)).unread).toEqual([]);
});
