import { usageError } from '../../lib/errors.ts';
import { lastLines, type RootStep, runInRoot } from '../context.ts';

/** Enables the units of the configuration, as an administrator would: with the system's own systemctl. */
export const units: RootStep = {
  title: 'enable units',
  async run(context) {
    const { units } = context.request;
    if (units.length === 0) return;
    const result = await runInRoot(context, ['systemctl', '--root=/', 'enable', ...units]);
    if (result.exitCode === 0) return;
    throw usageError('UNITS_NOT_ENABLED', `systemctl could not enable ${units.join(' ')}\n${lastLines(result)}`, {
      hint: 'check "units:" in the manifest, and that a package or an overlay has these units',
    });
  },
};
