import { execFile } from 'node:child_process';
import { lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { exists } from '../../../src/lib/if-exists.ts';
import { postprocess } from '../../../src/rootfs/steps/postprocess.ts';
import { contextFor, copyProgram, shellRoot } from '../support.ts';

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

  it('warns of what scripts leave where nothing stays', async () => {
    const root = await shellRoot({ 'boot/vmlinuz': '', 'boot/new': { directory: 0o755 } });
    const context = contextFor(root, {
      postprocess: scripts(
        '#!/bin/sh\necho > /tmp/scratch\n',
        '#!/bin/sh\necho > /boot/new/entry; echo > /boot/vmlinuz\n',
      ),
    });
    await postprocess.run(context);
    expect(context.warnings).toEqual([
      'postprocess[1]: "/boot/new/entry" will not be in the container: nothing stays below /boot',
    ]);
  });

  it('refuses a pipe that a script leaves, and one that was there, but in /var', async () => {
    const root = await shellRoot({ 'var/lib': { directory: 0o755 }, 'usr/lib/made': { directory: 0o755 } });
    await promisify(execFile)('mkfifo', [join(root, 'var/lib/pipe')]);
    await copyProgram('mkfifo', root);
    const script = '#!/bin/sh\nmkfifo /usr/lib/made/pipe\n';
    await expect(postprocess.run(contextFor(root, { postprocess: scripts(script) }))).rejects.toMatchObject({
      code: 'FILE_NOT_STORABLE',
      message:
        '"/usr/lib/made/pipe" is a socket, a pipe or a device, and an ostree tree has only files, directories and links: ' +
        'postprocess[0] has left it',
      where,
    });
    await expect(postprocess.run(contextFor(root))).rejects.toMatchObject({ code: 'FILE_NOT_STORABLE' });
  });

  it.each([
    ['echo > "$(printf "/usr/lib/caf\\351")"', '/usr/lib/caf\\xe9'],
    ['echo > "$(printf "/var/caf\\351.txt")"', '/var/caf\\xe9.txt'],
    ['echo > "$(printf "/caf\\351")"', '/caf\\xe9'],
  ])('names the script that leaves a name which is not UTF-8: %s', async (command, shown) => {
    const root = await shellRoot({ var: { directory: 0o755 } });
    await expect(
      postprocess.run(contextFor(root, { postprocess: scripts(`#!/bin/sh\n${command}\n`) })),
    ).rejects.toMatchObject({
      code: 'NAME_NOT_UTF8',
      message: `the name of ${shown} is not UTF-8: postprocess[0] has left it`,
      where,
    });
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

  it.each(['#!/bin/sh\r\necho hi\r\n', '#!/bin/sh\r\n', 'echo hi\r\n'])(
    'knows the line ends of Windows: %j',
    async (content) => {
      const context = contextFor(await shellRoot(), { postprocess: scripts(content) });
      await expect(postprocess.run(context)).rejects.toMatchObject({
        code: 'POSTPROCESS_LINE_ENDS',
        exitStatus: 2,
        message: 'postprocess[0] has the line ends of Windows (CR LF)',
        hint: 'save it with the line ends of Unix, and let git leave them alone: "* -text" in .gitattributes',
        where,
      });
    },
  );

  it.each(['echo hello >/made\n', '#!\necho hello >/made\n', ' #!/bin/sh\necho hello >/made\n'])(
    'runs %j with the shell',
    async (content) => {
      const root = await shellRoot();
      await postprocess.run(contextFor(root, { postprocess: scripts(content) }));
      expect(await readFile(join(root, 'made'), 'utf8')).toBe('hello\n');
    },
  );

  it('has /usr/etc, and accounts in /usr/lib, while scripts run; what they write there is in /etc', async () => {
    const root = await shellRoot();
    await mkdir(join(root, 'etc'), { recursive: true });
    await writeFile(join(root, 'etc/group'), 'root:x:0:\nwheel:x:10:\n');
    const script =
      '#!/bin/sh\nset -e\necho own > /usr/etc/own\nread -r line < /usr/lib/group\necho "$line" >> /etc/group\n';
    await postprocess.run(contextFor(root, { postprocess: scripts(script) }));
    expect(await readFile(join(root, 'etc/own'), 'utf8')).toBe('own\n');
    expect(await readFile(join(root, 'etc/group'), 'utf8')).toBe('root:x:0:\nwheel:x:10:\n');
    await expect(lstat(join(root, 'usr/etc'))).rejects.toThrow('ENOENT');
    await expect(lstat(join(root, 'usr/lib/group'))).rejects.toThrow('ENOENT');
  });

  it.each([true, false])('has /run/.containerenv where the config is made for it: %s', async (containerMarker) => {
    const root = await shellRoot();
    const script = '#!/bin/sh\nif [ -f /run/.containerenv ]; then echo > /made; fi\n';
    await postprocess.run(contextFor(root, { postprocess: scripts(script), containerMarker }));
    expect(await exists(join(root, 'made'))).toBe(containerMarker);
  });
});
