import { describe, expect, it } from 'vitest';
import { defaultTarget } from '../../../src/rootfs/steps/default-target.ts';
import { contextFor, readTree, writeTree } from '../support.ts';

const units = {
  'usr/lib/systemd/system/default.target': { link: 'graphical.target' },
  'usr/lib/systemd/system/graphical.target': '',
  'usr/lib/systemd/system/multi-user.target': '',
  'etc/systemd/system/default.target': { link: '/usr/lib/systemd/system/graphical.target' },
  'etc/systemd/system/ours.target': '',
};

describe('defaultTarget', () => {
  it.each(['multi-user.target', 'ours.target'])('links %s in /usr, and leaves /etc to the machine', async (target) => {
    const root = await writeTree(units);
    await defaultTarget.run(contextFor(root, { defaultTarget: target }));
    expect((await readTree(`${root}/usr/lib/systemd/system`))['/default.target']).toBe(`→ ${target}`);
    expect(Object.keys(await readTree(`${root}/etc/systemd/system`))).toEqual(['/ours.target']);
  });

  it("leaves the packages' choice where nothing is said", async () => {
    const root = await writeTree(units);
    const before = await readTree(root);
    await defaultTarget.run(contextFor(root));
    expect(await readTree(root)).toEqual(before);
  });

  it.each([
    ['multiuser.target', 'did you mean "multi-user.target"?'],
    ['default.target', 'a package or an overlay must have it'],
    ['../../../etc/passwd', 'a package or an overlay must have it'],
  ])('refuses %s', async (target, hint) => {
    const root = await writeTree(units);
    await expect(defaultTarget.run(contextFor(root, { defaultTarget: target }))).rejects.toMatchObject({
      code: 'DEFAULT_TARGET_UNKNOWN',
      exitStatus: 2,
      message: `default-target: the system has no unit "${target}"`,
      hint,
    });
  });
});
