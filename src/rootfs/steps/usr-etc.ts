import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { CosaError } from '../../lib/errors.ts';
import type { RootStep } from '../context.ts';
import { existsOnHost } from '../root-path.ts';

/** Makes /etc the defaults that each deployment's own /etc is merged with. The last step: programs expect /etc. */
export const usrEtc: RootStep = {
  title: 'make /etc the defaults',
  async run({ root }) {
    if (await existsOnHost(join(root, 'usr/etc'))) {
      throw new CosaError('USR_ETC_EXISTS', 'the root has a /usr/etc: ostree makes it from /etc', {
        hint: 'move what an overlay has in usr/etc to etc, or name it in remove-files',
      });
    }
    await rename(join(root, 'etc'), join(root, 'usr/etc'));
  },
};
