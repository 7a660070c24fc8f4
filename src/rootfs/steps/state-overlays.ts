import { symlink } from 'node:fs/promises';
import { usageError } from '../../lib/errors.ts';
import { makeDirectoryInRoot, removeInRoot, statInRoot } from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import type { RootStep } from '../context.ts';

const unitDirectory = '/usr/lib/systemd/system';
const template = 'ostree-state-overlay@.service';
/** Of the directories that are overlaid, as systemd-escape(1) writes them; /opt leads to the first. */
const instances = ['usr-lib-opt', 'usr-local'];

/**
 * Lets the machine write to /opt and /usr/local although they are part of the system: ostree lays a writable overlay over
 * each, and clears from it what an update brings anew. https://ostreedev.github.io/ostree/man/ostree-state-overlay@.service.html
 */
export const stateOverlays: RootStep = {
  title: 'enable state overlays',
  async run({ root, request }) {
    if (request.optUsrlocal !== 'state-overlay') return;
    if ((await statInRoot(root, `${unitDirectory}/${template}`)) === undefined) {
      throw usageError('UNITS_NOT_ENABLED', `"opt-usrlocal: state-overlay" needs ${template}, and no package has it`, {
        hint: 'install ostree 2024.5 or newer, or set "opt-usrlocal: root"',
      });
    }
    const requires = `${unitDirectory}/local-fs.target.requires`;
    await makeDirectoryInRoot(root, requires);
    for (const instance of instances) {
      const name = template.replace('@', `@${instance}`);
      await removeInRoot(root, `${requires}/${name}`);
      await symlink(`../${name}`, await hostPath(root, `${requires}/${name}`));
    }
  },
};
