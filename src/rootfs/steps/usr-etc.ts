import { CosaError } from '../../lib/errors.ts';
import { renameInRoot, statInRoot } from '../../lib/root-files.ts';
import type { RootStep } from '../context.ts';

/** Makes /etc the defaults that each deployment's own /etc is merged with. The last step: programs expect /etc. */
export const usrEtc: RootStep = {
  title: 'make /etc the defaults',
  async run({ root }) {
    if ((await statInRoot(root, '/usr/etc')) !== undefined) {
      throw new CosaError('USR_ETC_EXISTS', 'the root has a /usr/etc: ostree makes it from /etc', {
        hint: 'move what an overlay has in usr/etc to etc, or name it in remove-files',
      });
    }
    if (!(await statInRoot(root, '/etc'))?.isDirectory()) {
      throw new CosaError('ETC_MISSING', 'the root has no directory /etc', {
        hint: 'leave it in place: ostree merges it with the one of each machine',
      });
    }
    await renameInRoot(root, '/etc', '/usr/etc');
  },
};
