import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run, tryRun } from '../../../src/exec/run.ts';
import { sysusersScript } from '../../../src/packages/rpm/sysusers.ts';

const passwd = 'root:x:0:0:root:/root:/bin/sh\nmail:x:8:12::/var/mail:/usr/sbin/nologin\n';
const group = 'root:x:0:\nmail:x:12:\nwheel:x:10:core\nutmp:x:997:\n';

/** Whatever a system has as /bin/sh. */
describe.each([['dash'], ['bash'], ['busybox', 'sh']])('the accounts that rpm asks for, by %s', (name, ...args) => {
  const shell = { name, packages: { deb: name, rpm: name }, purpose: 'is a shell' };
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cosa-test-'));
    await mkdir(join(root, 'etc'));
    await writeFile(join(root, 'etc/passwd'), passwd);
    await writeFile(join(root, 'etc/group'), group);
    await writeFile(join(root, 'script'), sysusersScript);
  });
  afterEach(() => rm(root, { recursive: true }));

  async function added(lines: string): Promise<{ users: string; groups: string }> {
    const options = ['--replace', '/usr/lib/sysusers.d/x.conf', '--root', root, '-'];
    await run(shell, [...args, join(root, 'script'), ...options], { input: lines });
    const users = await readFile(join(root, 'etc/passwd'), 'utf8');
    const groups = await readFile(join(root, 'etc/group'), 'utf8');
    return { users: users.replace(passwd, ''), groups: groups.replace(group, '') };
  }

  it.each([
    ['a group', 'g tape 33\n', '', 'tape:x:33:\n'],
    ['a group of whatever number', 'g tape -\ng disk\n', '', 'tape:x:999:\ndisk:x:998:\n'],
    ['a group whose number is taken', 'g tape 12\n', '', 'tape:x:999:\n'],
    ['a group that is there', 'g mail 99\n', '', ''],
    [
      'a user and its group',
      'u dbus 81 "D-Bus: the \\"bus\\" $(id) `id` *" /run/dbus /bin/false\n',
      'dbus:x:81:81:D-Bus: the "bus" $(id) `id` *:/run/dbus:/bin/false\n',
      'dbus:x:81:\n',
    ],
    [
      'a user of whatever number',
      'u a -\nu b\n',
      'a:x:999:999::/:/usr/sbin/nologin\nb:x:998:998::/:/usr/sbin/nologin\n',
      'a:x:999:\nb:x:998:\n',
    ],
    ['a user without anything', "u! a  -  '-'  -\n", 'a:x:999:999::/:/usr/sbin/nologin\n', 'a:x:999:\n'],
    ['a user of a group by number', 'u a 70:12 a\n', 'a:x:70:12:a:/:/usr/sbin/nologin\n', ''],
    ['a user of a group by name', 'u a 70:mail a\n', 'a:x:70:12:a:/:/usr/sbin/nologin\n', ''],
    ['a user whose group has another number', 'u a 70\ng a 71\n', 'a:x:70:71::/:/usr/sbin/nologin\n', 'a:x:71:\n'],
    [
      'a user that is a member before it is there',
      'm a a\nu a 70 A /a\n',
      'a:x:70:70:A:/a:/usr/sbin/nologin\n',
      'a:x:70:a\n',
    ],
    ['a user that is there', 'u mail 99 x /x /x\n', '', ''],
    ['nothing for what is no account', '# comment\n\nr - 500-900\n', '', ''],
  ])('are %s', async (_, lines, users, groups) => {
    expect(await added(lines)).toEqual({ users, groups });
  });

  it('are members of groups, which are made where they are not there', async () => {
    const { users, groups } = await added('m core tape\nm core wheel\nm mail wheel\nm mail render\nm mail wheel');
    expect(users).toBe('core:x:998:998::/:/usr/sbin/nologin\n');
    expect(groups).toBe(
      'root:x:0:\nmail:x:12:\nwheel:x:10:core,mail\nutmp:x:997:\ntape:x:999:core\ncore:x:998:\nrender:x:996:mail\n',
    );
  });

  it('have no password, in the files that are there', async () => {
    for (const file of ['shadow', 'gshadow']) await writeFile(join(root, 'etc', file), '');
    await added('u a 70\n');
    expect(await readFile(join(root, 'etc/shadow'), 'utf8')).toBe('a:!*:::::::\n');
    expect(await readFile(join(root, 'etc/gshadow'), 'utf8')).toBe('a:!*::\n');
  });

  it('are made where there is nothing yet', async () => {
    await rm(join(root, 'etc'), { recursive: true });
    await tryRun(shell, [...args, join(root, 'script'), '--root', root, '-'], { input: 'u a 70\n' });
    expect(await readFile(join(root, 'etc/passwd'), 'utf8')).toBe('a:x:70:70::/:/usr/sbin/nologin\n');
  });
});
