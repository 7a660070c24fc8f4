import { describe, expect, it } from 'vitest';
import { planDeployment } from '../../../src/disk/deployment/plan.ts';
import { sha256Hex } from '../../../src/lib/digest.ts';
import { commitDirectories } from '../../helpers/commit-directories.ts';

const modules = '/usr/lib/modules';
const kernel = [`${modules}/6.12/vmlinuz`, `${modules}/6.12/initramfs.img`];
const system = [...kernel, '/usr/etc/hostname'];

const plan = (paths: readonly string[], stateroot = 'test-os') => planDeployment(commitDirectories(paths), stateroot);

describe('planDeployment', () => {
  it('finds the kernel, and what is hashed of it in the order in which it is', () => {
    const { kernel: found } = plan([...system, `${modules}/6.12/.vmlinuz.hmac`, `${modules}/6.12/kernel/`]);
    expect(found.release).toBe('6.12');
    expect(found.hashed.map(({ path, source }) => [path, source])).toEqual([
      ['vmlinuz-6.12', `${modules}/6.12/vmlinuz`],
      ['initramfs-6.12.img', `${modules}/6.12/initramfs.img`],
    ]);
    expect(found.others.map(({ path }) => path)).toEqual(['.vmlinuz-6.12.hmac']);
    expect(found).toMatchObject({ directories: [], deviceTree: undefined });
  });

  it('takes one description of the hardware before those of several boards', () => {
    const boards = [`${modules}/6.12/dtb/b/z.dtb`, `${modules}/6.12/dtb/b.dtb`, `${modules}/6.12/dtb/Z.dtb`];
    const several = plan([...system, ...boards]).kernel;
    expect(several.deviceTree).toBe('dtb');
    expect(several.hashed.slice(2).map(({ path }) => path)).toEqual(['dtb/Z.dtb', 'dtb/b/z.dtb', 'dtb/b.dtb']);
    expect(several.directories.map(({ path }) => path)).toEqual(['dtb', 'dtb/b']);
    const one = plan([...system, ...boards, `${modules}/6.12/devicetree`]).kernel;
    expect(one).toMatchObject({ deviceTree: 'devicetree', directories: [] });
    expect(one.hashed.map(({ path }) => path)).toEqual(['vmlinuz-6.12', 'initramfs-6.12.img', 'devicetree-6.12']);
  });

  it('counts the copies that /etc and /var need', () => {
    const paths = [...system, '/usr/etc/again', '/var/lib/file', '/usr/bin/program'];
    const contents = { '/usr/etc/again': 'same', '/usr/etc/hostname': 'same', '/var/lib/file': 'same' };
    const { copies } = planDeployment(commitDirectories(paths, contents), 'test-os');
    expect([...copies]).toEqual([[sha256Hex('same'), 3]]);
  });

  it('leaves directories without a whole kernel alone', () => {
    expect(plan([...system, `${modules}/6.11/vmlinuz`, `${modules}/6.10/initramfs.img`]).kernel.release).toBe('6.12');
  });

  it.each([
    ['no kernel', ['/usr/etc/x'], `the container has no kernel: ${modules}/*/vmlinuz with initramfs.img beside it`],
    [
      'two kernels',
      [...system, `${modules}/6.9\u001b/vmlinuz`, `${modules}/6.9\u001b/initramfs.img`],
      'the container has 2 kernels, and one is expected: "6.12", "6.9\\u001b"',
    ],
  ])('refuses %s', (_name, paths, message) => {
    expect(() => plan(['/usr/lib/', ...paths])).toThrow(expect.objectContaining({ code: 'CONTAINER_KERNEL', message }));
  });

  it.each([
    ['no /usr', ['/etc/x'], '/usr in the container is missing'],
    ['a link in the place of /usr', ['/usr'], '/usr in the container is not a directory'],
    ['no /usr/lib', ['/usr/etc/x'], '/usr/lib in the container is missing'],
    ['a link in the place of /usr/lib', ['/usr/lib', '/usr/etc/x'], '/usr/lib in the container is not a directory'],
    ['no /usr/etc', kernel, '/usr/etc in the container is missing'],
    ['a link in the place of /usr/etc', [...kernel, '/usr/etc'], '/usr/etc in the container is not a directory'],
    [
      'an /etc beside /usr/etc',
      [...system, '/etc/passwd'],
      '/etc in the container is not empty: its place is /usr/etc',
    ],
    ['a link in the place of /etc', [...system, '/etc'], '/etc in the container is not a directory'],
    ['a link in the place of /var', [...system, '/var'], '/var in the container is not a directory'],
    [
      'a link in the place of the modules',
      ['/usr/lib/modules', '/usr/etc/x'],
      `${modules} in the container is not a directory`,
    ],
    [
      'a link in the place of the descriptions of boards',
      [...system, `${modules}/6.12/dtb`],
      `${modules}/6.12/dtb in the container is not a directory`,
    ],
    [
      'a directory in the place of the description of the hardware',
      [...system, `${modules}/6.12/devicetree/`],
      `${modules}/6.12/devicetree in the container is not a regular file`,
    ],
  ])('refuses %s', (_name, paths, message) => {
    expect(() => plan(paths)).toThrow(expect.objectContaining({ code: 'CONTAINER_PATH', exitStatus: 4, message }));
  });

  it.each(['', '.', '..', '../x', 'a/b', '-x', 'a b', 'a$(b)', 'x'.repeat(65), 'ä', 'a\n'])(
    'refuses %j for a name',
    (name) => {
      const message = `the container's name ${JSON.stringify(name)} cannot name a directory`;
      expect(() => plan(system, name)).toThrow(
        expect.objectContaining({ code: 'NAME_INVALID', exitStatus: 4, message }),
      );
    },
  );

  it.each(['6.12;reboot', '6.12 x', '6.12$x', "6.12'", '-6.12', '6'.repeat(129)])(
    'refuses the kernel release %j',
    (release) => {
      const paths = [`${modules}/${release}/vmlinuz`, `${modules}/${release}/initramfs.img`, '/usr/etc/x'];
      const message = `the kernel's release ${JSON.stringify(release)} cannot be part of a path`;
      expect(() => plan(paths)).toThrow(expect.objectContaining({ code: 'NAME_INVALID', exitStatus: 4, message }));
    },
  );

  it('tells of contents with more names than an inode can have', () => {
    const paths = Array.from({ length: 65_000 }, (_, index) => `/usr/share/${index}`);
    const contents = Object.fromEntries(paths.map((path) => [path, 'same']));
    const { crowded } = planDeployment(commitDirectories([...system, ...paths], contents), 'test-os');
    expect([...crowded]).toEqual([[sha256Hex('same'), 65_000]]);
    const fewer = commitDirectories([...system, ...paths.slice(1)], contents);
    expect(planDeployment(fewer, 'test-os').crowded.size).toBe(0);
  });
});
