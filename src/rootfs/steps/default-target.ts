import { symlink } from 'node:fs/promises';
import { usageError } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import { makeDirectoryInRoot, namesInRoot, removeInRoot } from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import type { RootStep } from '../context.ts';

const unitDirectories = ['/usr/lib/systemd/system', '/etc/systemd/system'];

/**
 * Makes a target the one that the system boots to: in /usr, where presets do not reset it, and where the
 * owner of a machine overrides it with a link in /etc.
 */
export const defaultTarget: RootStep = {
  title: 'set the default target',
  async run({ root, request }) {
    const target = request.defaultTarget;
    if (target === undefined) return;
    const known: string[] = [];
    for (const directory of unitDirectories) {
      const names = await namesInRoot(root, directory);
      known.push(...names.filter((name) => name.endsWith('.target') && name !== 'default.target'));
    }
    if (!known.includes(target)) {
      const [near] = nearest(target, known);
      throw usageError('DEFAULT_TARGET_UNKNOWN', `default-target: the system has no unit "${target}"`, {
        hint: near === undefined ? 'a package or an overlay must have it' : `did you mean "${near}"?`,
      });
    }
    for (const directory of unitDirectories) {
      await removeInRoot(root, `${directory}/default.target`);
    }
    await makeDirectoryInRoot(root, '/usr/lib/systemd/system');
    await symlink(target, await hostPath(root, '/usr/lib/systemd/system/default.target'));
  },
};
