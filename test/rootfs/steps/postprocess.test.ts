import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { postprocess } from '../../../src/rootfs/steps/postprocess.ts';
import { contextFor, shellRoot } from '../support.ts';

const where = { file: 'manifest.yaml', line: 7 };
const scripts = (...contents: readonly string[]) =>
  contents.map((content, index) => ({ name: `postprocess[${index}]`, content, where }));

describe('postprocess', () => {
  it('runs scripts in order inside the root, with the date and without the host', async () => {
    const root = await shellRoot();
    const inside =
      '#!/bin/sh\nprintf "%s %s %s\\n" "$SOURCE_DATE_EPOCH" "$0" "$HOME" >> /made; [ ! -e /etc/hostname ]\n';
    const context = contextFor(root, { postprocess: scripts(inside, '#! /bin/sh -e\necho second >> /made\n') });
    await postprocess.run(context);
    expect(await readFile(join(root, 'made'), 'utf8')).toBe('1700000000 /run/cosa-postprocess /root\nsecond\n');
    expect(context.lines).toEqual(['postprocess[0]', 'postprocess[1]']);
  });

  it('reaches no network', async () => {
    const root = await shellRoot();
    const listing = '#!/bin/sh\nwhile read -r line; do echo "$line"; done < /proc/net/dev > /interfaces\n';
    await postprocess.run(contextFor(root, { postprocess: scripts(listing) }));
    const interfaces = (await readFile(join(root, 'interfaces'), 'utf8')).split('\n').slice(2, -1);
    expect(interfaces.map((line) => line.split(':')[0])).toEqual(['lo']);
  });

  it('says which script failed, how, and what it said last', async () => {
    const content = '#!/bin/sh\necho one\necho two >&2\nexit 3\n';
    const context = contextFor(await shellRoot(), { postprocess: scripts('#!/bin/sh\n', content) });
    await expect(postprocess.run(context)).rejects.toMatchObject({
      code: 'POSTPROCESS_FAILED',
      message: 'postprocess[1] ended with exit status 3\none\ntwo',
      where,
    });
  });

  it.each(['echo hello\n', '', '#!\n', ' #!/bin/sh\n'])('refuses %j, before any script runs', async (content) => {
    const root = await shellRoot();
    const context = contextFor(root, { postprocess: scripts('#!/bin/sh\necho > /made\n', content) });
    await expect(postprocess.run(context)).rejects.toMatchObject({
      code: 'POSTPROCESS_INTERPRETER',
      message: 'postprocess[1] does not say which program runs it',
      hint: 'begin it with a line such as #!/bin/sh',
      where,
    });
    await expect(readFile(join(root, 'made'))).rejects.toThrow('ENOENT');
  });
});
