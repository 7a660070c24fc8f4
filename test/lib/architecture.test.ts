import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import {
  architectureCalled,
  architectureNamed,
  architectureOfOci,
  architectures,
  hostArchitecture,
} from '../../src/lib/architecture.ts';

describe('the table', () => {
  it.each(['name', 'oci', 'debian', 'node', 'elfMachine'] as const)('has no %s twice', (column) => {
    const values = architectures.map((row) => row[column]);
    expect(new Set(values).size).toBe(values.length);
  });

  it('is looked up by the names that configs and containers have', () => {
    expect(architectureNamed('ppc64le')).toMatchObject({ oci: 'ppc64le', debian: 'ppc64el', node: 'ppc64' });
    expect(architectureOfOci('arm64')?.name).toBe('aarch64');
    expect(architectureOfOci('aarch64')).toBeUndefined();
    for (const name of ['aarch64', 'arm64']) expect(architectureCalled(name)?.name).toBe('aarch64');
    for (const name of ['ppc64le', 'ppc64el']) expect(architectureCalled(name)?.name).toBe('ppc64le');
    expect(architectureCalled('arm')).toBeUndefined();
  });

  it('knows this machine', () => {
    expect(hostArchitecture().node).toBe(process.arch);
  });
});

/** Texts for people that name one as an example. */
const examples: Readonly<Record<string, string>> = {
  'cli/commands/buildfetch.ts': 'aarch64',
  'cli/commands/config-check.ts': 's390x',
  'cli/commands/config-show.ts': 'aarch64',
  'cli/commands/doctor.ts': 'aarch64',
  'cli/commands/fetch.ts': 'aarch64',
  'cli/commands/image-customize.ts': 'x86_64',
  'cli/commands/image-pull.ts': 'aarch64',
  'cli/commands/image-push.ts': 'x86_64',
  'cli/commands/import.ts': 'x86_64',
  'cli/commands/ostree-build.ts': 'aarch64',
  'cli/commands/pull.ts': 'arm64',
  'cli/commands/push.ts': 'amd64 arm64',
  'cli/commands/run.ts': 'aarch64',
  'cli/commands/stream-show.ts': 'x86_64',
  'cli/commands/test.ts': 'aarch64',
  'cli/other-names.ts': 'aarch64',
  'cli/parsers.ts': 'arm64',
  'config/treefile-keys.ts': 'x86_64 aarch64 amd64',
  'config/treefile/identity-keys.ts': 'x86_64',
  'config/treefile/structure-keys.ts': 'x86_64',
  'rootfs/steps/kernel.ts': 'amd64',
};

/** The table, and data with a row for each of some architectures: partitions, platforms in their own words. */
const rows = ['lib/architecture.ts', 'lib/architecture/', 'disk/partitions/table.ts', 'disk/platforms/'];

it('is the only place in the source that spells an architecture', () => {
  const spellings = architectures.flatMap(({ name, oci, debian, node, efi = name }) => [name, oci, debian, node, efi]);
  const word = new RegExp(`(?<![a-z0-9])(?:${spellings.join('|')})(?![a-z0-9])`, 'gi');
  const source = new URL('../../src/', import.meta.url);
  const found: [string, string][] = [];
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )) {
    if (rows.some((place) => file.startsWith(place))) continue;
    const words = new Set(
      textsIn(readFileSync(new URL(file, source), 'utf8')).flatMap((text) => text.match(word) ?? []),
    );
    if (words.size > 0) found.push([file, [...words].join(' ')]);
  }
  expect(Object.fromEntries(found)).toEqual(examples);
});

/** Names and literal texts of a program, without its comments. */
function textsIn(program: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) || ts.isLiteralExpression(node) || ts.isTemplateLiteralToken(node)) texts.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('file.ts', program, ts.ScriptTarget.Latest));
  return texts;
}
