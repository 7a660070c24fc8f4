import { describe, expect, it } from 'vitest';
import { readPolicy } from '../../../src/ostree/labels/policy.ts';

const directory = '/usr/etc/selinux';
const contexts = `${directory}/pond/contexts/files/file_contexts`;

const read = (files: Record<string, string>) =>
  readPolicy(async (path) => (files[path] === undefined ? undefined : Buffer.from(files[path])));

describe('readPolicy', () => {
  it('reads the files of the policy that the config names, the local ones last', async () => {
    const policy = await read({
      [`${directory}/config`]: '# SELINUX=disabled\nSELINUX=Enforcing\nSELINUXTYPE=ocean\nSELINUXTYPE= pond \n',
      [contexts]: '/.* u:r:all\n/a/.* u:r:a\n',
      [`${contexts}.homedirs`]: '/a/.* u:r:home\n/b u:r:home\n',
      [`${contexts}.local`]: '/b u:r:local\n',
      [`${contexts}.subs`]: '/c /a\n',
      [`${contexts}.subs_dist`]: '/a/x /b\n',
      [`${contexts}.bin`]: 'not read',
    });
    expect(policy?.name).toBe('pond');
    const at = (path: string) => policy?.contextOf(path, 'file');
    expect(['/x', '/a/y', '/b', '/c/x', '/c/y'].map(at)).toEqual([
      'u:r:all',
      'u:r:home',
      'u:r:local',
      'u:r:local',
      'u:r:home',
    ]);
  });

  it.each([
    ['nothing', {}],
    ['SELinux disabled', { [`${directory}/config`]: 'SELINUX=disabled\nSELINUXTYPE=pond\n', [contexts]: '' }],
    ['nothing said', { [`${directory}/config`]: 'SELINUXTYPE=pond\n', [contexts]: '' }],
    ['tools without a policy', { [`${directory}/config`]: 'SELINUX=permissive\nSELINUXTYPE=pond\n' }],
  ])('finds none in a system with %s', async (_, files) => {
    expect(await read(files as Record<string, string>)).toBeUndefined();
  });

  it.each([
    ['SELINUX=enforcing\n', `${directory}/config names no policy: SELINUXTYPE= is missing`],
    ['SELINUX=enforcing\nSELINUXTYPE=../x\n', `${directory}/config has a name of a policy that is none: ../x`],
    ['SELINUX=enforcing\nSELINUXTYPE=.\n', `${directory}/config has a name of a policy that is none: .`],
  ])('refuses the config %j', async (config, message) => {
    await expect(read({ [`${directory}/config`]: config })).rejects.toMatchObject({ code: 'SELINUX_POLICY', message });
  });
});
