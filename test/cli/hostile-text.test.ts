import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeBytes } from '../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../src/oci/layout.ts';
import { attachTestResult } from '../../src/oci/test-result.ts';
import { mediaTypes } from '../../src/oci/types.ts';
import { storeImageOf } from '../helpers/image.ts';
import { passedResult } from '../helpers/test-result.ts';
import { cosa } from './in-process.ts';
import { withoutOurColors } from './render/hostile.ts';

let directory: string;
/** Layouts so far. */
let count = 0;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-hostile-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** A layout with two containers that say this wherever they may say what they like. */
async function layoutSaying(text: string): Promise<string> {
  count += 1;
  const layout = join(directory, String(count));
  await using store = await openLayoutForWriting(layout);
  for (const tag of ['a', 'b']) {
    const bytes = Buffer.from(tag);
    const blob = await storeBytes(store, bytes, mediaTypes.layer);
    const layer = { ...blob, annotations: { 'ostree.components': `${text},${text}x` } };
    const says = (name: string): [string, string] => [name, `${text}1`];
    const labels = Object.fromEntries(
      ['version', 'title', 'source', 'revision', 'created', 'base.name', 'base.digest']
        .map((name) => says(`org.opencontainers.image.${name}`))
        .concat(['com.coreos.stream', 'com.coreos.osname', 'ostree.linux', 'fedora-coreos.stream'].map(says)),
    );
    const image = await storeImageOf(store, [layer], [blob.digest], labels, `${text}amd64`);
    await store.setTags([tag], image);
    const result = passedResult(image);
    await attachTestResult(store, image, {
      ...result,
      suite: `${text}s`,
      tests: [{ name: `${text}t`, status: 'failed', milliseconds: 1, log: text }],
    });
  }
  return layout;
}

/** Commands that show what a container or a place says of itself. */
function commandsFor(layout: string): string[][] {
  const place = `oci:${layout}`;
  return [
    ['list', place],
    ['inspect', `${place}:a`],
    ['diff', '--download', `${place}:a`, `${place}:b`],
    ['tag', `${place}:a`, 'c'],
    ['promote', '--dry-run', '--from', `${place}:a`, `${place}:stable`],
    ['promote', '--require', 's', '--from', `${place}:a`, `${place}:stable`],
    ['verify', '--key', join(layout, 'index.json'), `${place}:a`],
    ['verify', `${place}:a`],
    ['copy', '--dry-run', `${place}:a`, `oci:${layout}-copy:z`],
    ['prune', '--keep', '0', '--dry-run', place],
    ['fsck', place],
    ['inspect', `${place}:${'nothing'}`],
  ];
}

async function shownBy(text: string): Promise<string[][]> {
  const layout = await layoutSaying(text);
  const shown: string[][] = [];
  for (const args of commandsFor(layout)) {
    const { stdout, stderr } = await cosa(args, { terminal: true });
    shown.push([args.join(' '), stdout, stderr]);
    const json = await cosa([...args, '--json']);
    expect(json.stdout.replaceAll('\n', '')).not.toMatch(hidden);
  }
  return shown;
}

const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u;
/** How the live view paints over its own lines. */
const repaint = /\r\p{Cc}\[\d+A\p{Cc}\[J/gu;

let usual: string[][];
beforeAll(async () => {
  usual = await shownBy('x');
});

test.each([
  '\n13.0.9  stable  2026-01-01 00:00  1  1 B  basic passed (bios)  aaaa',
  '\u001b[8mhidden\u001b[0m\u001b[31m\u001b[2J\u001b]0;title\u0007\u009b31m\u009d\0\u007f\b\r',
  '\u202a\u202e\u2066\u2069\u200b\u200d\u2060\ufeff\u00ad\u{e0041}\ud800\u2028\u2029\u0085\t\r\n',
])('no command shows more than the visible characters of %j, on the line that it belongs to', async (text) => {
  const shown = await shownBy(text);
  for (const [index, [command, stdout = '', stderr = '']] of shown.entries()) {
    for (const output of [stdout, stderr.replace(repaint, '')]) {
      expect(withoutOurColors(output).replaceAll('\n', ''), command).not.toMatch(hidden);
    }
    const rows = (of: string | undefined) => of?.split('\n').length;
    expect([command, rows(stdout)]).toEqual([command, rows(usual[index]?.[1])]);
  }
});
