import { exitStatus } from '../lib/exit-status.ts';

/** What each exit status means, for manual pages and the reference. */
export const exitStatusMeanings: readonly (readonly [number, string])[] = [
  [exitStatus.ok, 'done, or nothing to do'],
  [exitStatus.failed, 'failed'],
  [exitStatus.usage, 'the command line or the configuration is wrong'],
  [exitStatus.missingTool, 'a program of the host is missing; the message names it and its package'],
  [exitStatus.verification, 'something did not match its digest, signature or format, or a gate is closed'],
  [exitStatus.testsFailed, 'tests failed'],
];
