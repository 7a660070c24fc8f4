import { CosaError } from '../../lib/errors.ts';
import { lastLines, type RootContext, type RootStep, runInRoot } from '../context.ts';
import { existsOnHost, hostPath } from '../root-path.ts';

/** Rebuilds the indexes of shared libraries and kernel modules where overlays or scripts may have changed either. */
export const libraryIndex: RootStep = {
  title: 'index libraries and kernel modules',
  async run(context) {
    // -X: links are the packages' business.
    if (await existsOnHost(await hostPath(context.root, '/usr/sbin/ldconfig'))) {
      await runOrFail(context, ['/usr/sbin/ldconfig', '-X']);
      context.generated.set('/etc/ld.so.cache', 'library-index');
    }
    if (await modulesMayHaveChanged(context)) await runOrFail(context, ['depmod', '-a', context.kernelRelease]);
  },
};

/** The kernel's package has indexed its own modules: to read all of them again takes seconds. */
async function modulesMayHaveChanged({ root, generated, kernelRelease }: RootContext): Promise<boolean> {
  const directory = `/usr/lib/modules/${kernelRelease}`;
  if (!(await existsOnHost(await hostPath(root, `${directory}/modules.dep`)))) return true;
  return [...generated.keys()].some((path) => path.startsWith(`${directory}/`));
}

async function runOrFail(context: RootContext, command: readonly string[]): Promise<void> {
  const result = await runInRoot(context, command);
  if (result.exitCode === 0) return;
  const message = `${command.join(' ')} in the root: exit status ${result.exitCode}\n${lastLines(result)}`;
  throw new CosaError('ROOT_PROGRAM_FAILED', message.trimEnd());
}
