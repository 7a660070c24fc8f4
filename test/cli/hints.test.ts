import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { beforeAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { flatten } from '../../src/cli/description.ts';
import { buildProgram, describeProgram, type ProgramHost } from '../../src/cli/program.ts';

/** What the program tells people to type can be typed, and the files that it names are there where it is installed. */

const checkout = resolve(import.meta.dirname, '../..');
const source = join(checkout, 'src');

interface Text {
  file: string;
  text: string;
  /** True for what is told as advice: the value of a `hint`, or an answer of other-names.ts. */
  advice: boolean;
}

const texts = ts.sys.readDirectory(source, ['.ts']).flatMap(textsOf);

function textsOf(file: string): Text[] {
  const tree = ts.createSourceFile(file, ts.sys.readFile(file) ?? '', ts.ScriptTarget.Latest, true);
  const found: Text[] = [];
  const visit = (node: ts.Node, advice: boolean): void => {
    const isHint = ts.isPropertyAssignment(node) && node.name.getText() === 'hint';
    const isAdvice = advice || isHint || (/[hH]int$|other-names/.test(functionName(node)) && !ts.isSourceFile(node));
    const text = textOf(node);
    if (text !== undefined) found.push({ file: file.slice(source.length + 1), text, advice: isAdvice });
    else ts.forEachChild(node, (child) => visit(child, isAdvice));
  };
  visit(tree, file.endsWith('other-names.ts'));
  return found;
}

function functionName(node: ts.Node): string {
  return ts.isFunctionDeclaration(node) ? (node.name?.text ?? '') : '';
}

/** A literal's text; what is filled in at run time stands as a word. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `VALUE${literal.text}`).join('');
}

/** The command lines in a text: in quotes, or behind a colon, up to where the sentence goes on. */
function commandsIn(text: string): string[] {
  const quoted = [...text.matchAll(/"(cosa [^"]+)"/g)].map(([, command = '']) => command);
  const rest = text.replaceAll(/"[^"]*"/g, '""');
  const plain = [...rest.matchAll(/(?:^|: |, |; |\(|\bor |\bsee )(cosa [^,;()]+)/g)].map(([, command = '']) => command);
  return [...quoted, ...plain].map((command) =>
    command
      .replace(/ (?:or|and) .*$/, '')
      .replaceAll('…', '')
      .trim(),
  );
}

function host(understood: () => void): ProgramHost {
  return { writeOut: () => undefined, writeErr: () => undefined, execute: async () => understood() };
}

const advised = texts
  .filter(({ advice }) => advice)
  .flatMap(({ file, text }) => commandsIn(text).map((command) => ({ file, command })))
  // That is made of the program's own list of commands.
  .filter(({ command }) => command !== 'cosa VALUE');

test('there is advice to check', () => {
  expect(advised.length).toBeGreaterThan(40);
});

test.each(advised)('$file: $command', async ({ command }) => {
  // Words in capitals are for the reader to fill in: most may be anything.
  const [, ...args] = command.replace('COUNT', '3').split(/\s+/);
  // A family or command may be named for itself: "cosa copy" says where to look.
  const isName = commandNames.has(args.join(' '));
  let understood = false;
  const program = buildProgram(
    host(() => {
      understood = true;
    }),
  );
  await program.parseAsync(args, { from: 'user' }).catch((error: unknown) => {
    const { code, exitCode } = error as { code: string; exitCode: number };
    understood = exitCode === 0 || (isName && code === 'COMMAND_LINE');
  });
  expect(understood).toBe(true);
});

const commandNames = new Set<string>();

beforeAll(async () => {
  const program = await describeProgram(host(() => undefined));
  for (const { path } of flatten(program)) commandNames.add(path.join(' '));
});

test('every command that any text names exists', () => {
  const named = texts.flatMap(({ file, text }) =>
    [...text.matchAll(/"cosa ([a-z]+(?: [a-z]+)*)/g)].map(([, words = '']) => ({ file, words })),
  );
  const missing = named.filter(({ words }) => {
    const [first = '', second = ''] = words.split(' ');
    return !commandNames.has(first) && !commandNames.has(`${first} ${second}`);
  });
  expect(missing).toEqual([]);
});

test('every file of ours that a text names comes with the package', async () => {
  const named = new Set(texts.flatMap(({ text }) => text.match(/\b(?:docs|examples)\/[\w./-]+\w/g) ?? []));
  expect(named).toContain('docs/config-reference.md');
  for (const file of named) {
    await access(join(checkout, file));
    expect(
      manifest.files.some((published) => file.startsWith(`${published}/`)),
      file,
    ).toBe(true);
  }
});
