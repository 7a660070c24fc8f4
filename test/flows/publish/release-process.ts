import { release } from '../../../src/flows/publish/release.ts';
import { silentSession } from '../../helpers/session.ts';
import { imageMaker, releaseOptions } from './release-support.ts';

// A process that releases, and dies as one of its steps begins, as a power failure would end it.
const [directory = '', store = '', deathAt = '0'] = process.argv.slice(2);
let count = 0;
const session = {
  ...silentSession(),
  events: ({ type }: { type: string }) => {
    if (type !== 'step-started') return;
    count += 1;
    if (count === Number(deathAt)) process.kill(process.pid, 'SIGKILL');
  },
};
await release(session, imageMaker, releaseOptions(directory, store));
