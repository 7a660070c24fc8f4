import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { systemAccounts } from '../../src/rootfs/steps/system-accounts.ts';
import { formatSysusers, parseGroups, parseUsers } from '../../src/rootfs/sysusers.ts';
import { contextFor, writeTree } from './support.ts';

const sysusers = { name: 'systemd-sysusers', packages: { deb: 'systemd', rpm: 'systemd' }, purpose: 'reads the file' };

function linesOf(passwd: string, group: string): string[] {
  return formatSysusers(parseUsers(passwd), parseGroups(group)).text.split('\n').slice(0, -1);
}

describe('formatSysusers', () => {
  it.each([
    [
      'svc:x:990:991:A service:/var/lib/svc:/usr/sbin/nologin',
      'u svc 990:991 "A service" /var/lib/svc /usr/sbin/nologin',
    ],
    ['_ssh:x:101:65534::/run/sshd/:/bin/false', 'u _ssh 101:65534 - /run/sshd /bin/false'],
    ['Debian-exim:x:102:102:::', 'u Debian-exim 102:102 - - -'],
    [
      'a:x:1:1:50% "of" it\\all:/var/lib/with space/%h:/bin/sh',
      'u a 1:1 "50%% \\"of\\" it\\\\all" "/var/lib/with space/%%h" /bin/sh',
    ],
    ['b:x:1:1:über,,,:/../etc:relative', 'u b 1:1 "über,,," - -'],
    ['c:x:60001:60001::/:/bin/sh', 'u c 60001:60001 - - /bin/sh'],
  ])('%s', (passwd, line) => {
    expect(linesOf(passwd, '')).toEqual([line]);
  });

  it.each([
    'root:x:0:0:root:/root:/bin/bash',
    'core:x:1000:1000::/home/core:/bin/bash',
    'nobody:x:65534:65534::/:/',
    '+::::::',
    '',
  ])('leaves out %s', (passwd) => {
    expect(linesOf(passwd, '')).toEqual([]);
  });

  it('writes groups before users, and who is a member of the ones that packages made', () => {
    const passwd = 'root:x:0:0::/root:/bin/sh\nsvc:x:990:990::/:/bin/false\ncore:x:1000:1000::/home/core:/bin/sh\n';
    expect(linesOf(passwd, 'adm:x:4:svc,core,root,gone\nsvc:x:990:\nbig:x:1001:svc\n')).toEqual([
      'g adm 4',
      'g svc 990',
      'u svc 990:990 - - /bin/false',
      'm svc adm',
      'm root adm',
    ]);
  });

  it('tells which names systemd does not take', () => {
    const users = parseUsers(`a.b:x:5:5::/:/\n9x:x:6:6::/:/\n${'l'.repeat(32)}:x:7:7::/:/\ngood:x:8:8::/:/\n`);
    const { refused, text } = formatSysusers(users, parseGroups('samba$:x:9:\n'));
    expect(refused).toEqual(['samba$', 'a.b', '9x', 'l'.repeat(32)]);
    expect(text).toBe('u good 8:8 - - -\n');
  });
});

/** /etc of a machine after an update, as ostree leaves it: its own files, where it has changed them. */
async function updated(machine: { passwd: string; group: string }, build: { passwd: string; group: string }) {
  const root = await writeTree({
    'etc/passwd': build.passwd,
    'etc/group': build.group,
    // What packages bring themselves: without a number, and with another line for an account that is ours, too.
    'usr/lib/sysusers.d/svc.conf': 'u late - "From the package"\ng dynamic -\n',
  });
  await systemAccounts.run(contextFor(root));
  await writeTree({ 'etc/passwd': machine.passwd, 'etc/group': machine.group }, root);
  await run(sysusers, [`--root=${root}`]);
  const read = async (file: string) => (await readFile(join(root, 'etc', file), 'utf8')).split('\n').filter(Boolean);
  return { passwd: await read('passwd'), group: await read('group') };
}

describe('a machine that is updated', () => {
  const passwd = 'root:x:0:0:root:/root:/bin/bash\nold:x:990:990::/nonexistent:/usr/sbin/nologin\n';
  const group = 'root:x:0:\nadm:x:4:\nold:x:990:\n';

  it('gets the accounts of the new build with the numbers of its files, and keeps its own', async () => {
    const local = { passwd: `${passwd}core:x:1000:1000::/home/core:/bin/bash\n`, group: `${group}core:x:1000:\n` };
    const build = {
      passwd: `${passwd}tcpdump:x:105:106::/nonexistent:/usr/sbin/nologin\nlate:x:717:718:Of the build, 100%:/var/lib/late:/bin/sh\n`,
      group: 'root:x:0:\nadm:x:4:late\nold:x:990:\n_ssh:x:101:\ntcpdump:x:106:\nlate:x:718:\n',
    };
    const after = await updated(local, build);
    expect(after.passwd).toEqual(
      expect.arrayContaining([
        ...local.passwd.trim().split('\n'),
        'tcpdump:x:105:106::/nonexistent:/usr/sbin/nologin',
        expect.stringMatching(/^late:x:717:718:Of the build, 100%:\/var\/lib\/late:/),
      ]),
    );
    expect(after.passwd).toHaveLength(5);
    expect(after.group).toEqual(
      expect.arrayContaining(['core:x:1000:', '_ssh:x:101:', 'tcpdump:x:106:', 'late:x:718:', 'adm:x:4:late']),
    );
  });

  it('is what it was where the build brings nothing new', async () => {
    const after = await updated({ passwd, group }, { passwd, group });
    expect(after.passwd.filter((line) => !/^(late|dynamic):/.test(line))).toEqual(passwd.trim().split('\n'));
  });

  it('whatever the accounts are called and described', async () => {
    const text = fc.stringMatching(/^[ -9;-~äö]{0,12}$/);
    const name = fc
      .stringMatching(/^[a-z_][a-z0-9_-]{0,12}$/)
      .filter((value) => !['root', 'adm', 'old', 'late', 'dynamic'].includes(value));
    await fc.assert(
      fc.asyncProperty(name, text, fc.stringMatching(/^\/[!-9;-~]{0,8}$/), async (user, comment, home) => {
        const build = {
          passwd: `${passwd}${user}:x:105:106:${comment}:${home}:/bin/sh\n`,
          group: `${group}${user}:x:106:\n`,
        };
        const after = await updated({ passwd, group }, build);
        const fields = after.passwd.find((line) => line.startsWith(`${user}:`))?.split(':');
        expect(fields?.slice(2, 4)).toEqual(['105', '106']);
        expect(fields?.[4]).toBe(comment);
      }),
      { numRuns: 30 },
    );
  });
});

it('warns of what machines will not get, and has the file read at every boot', async () => {
  const root = await writeTree({ 'etc/passwd': 'a.b:x:5:5::/:/\nc:x:6:6::/:/\n', 'etc/group': '' });
  const warnings: string[] = [];
  const context = contextFor(root);
  await systemAccounts.run({
    ...context,
    reporter: { ...context.reporter, warn: (message) => void warnings.push(message) },
  });
  expect(warnings).toEqual([
    'machines that are updated will not get the account "a.b": systemd-sysusers takes no such name',
  ]);
  expect([...context.generated.keys()]).toEqual([
    '/usr/lib/sysusers.d/00-cosa-accounts.conf',
    '/usr/lib/systemd/system/systemd-sysusers.service.d/00-cosa-every-boot.conf',
  ]);
});

it.each(['passwd', 'group'])('says that a root has lost /etc/%s', async (file) => {
  const root = await writeTree({ [`etc/${file === 'passwd' ? 'group' : 'passwd'}`]: '' });
  await expect(systemAccounts.run(contextFor(root))).rejects.toMatchObject({ message: `the root has no /etc/${file}` });
});
