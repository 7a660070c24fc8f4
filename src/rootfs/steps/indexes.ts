import { join } from 'node:path';
import { CosaError } from '../../lib/errors.ts';
import { namesInRoot, statInRoot } from '../../lib/root-files.ts';
import { lastLines, type RootContext, type RootStep, runInRoot } from '../context.ts';

/** Files that a program makes of many others, and that no package owns therefore. */
interface Index {
  /** The component of the files, which change when any of the packages with sources does. */
  component: string;
  program: string;
  arguments: readonly string[];
  /** Directory of the index, and which files there are of it. */
  directory: string;
  files: RegExp;
  /**
   * Where an overlay puts sources: only then is an index made anew that is there already. Without it, always.
   * A script that adds sources must call the program itself.
   */
  sources?: readonly string[];
  /** Without the program the system has no such index; true if that is an error. */
  required?: boolean;
}

function indexesFor(kernelRelease: string): Index[] {
  const modules = `/usr/lib/modules/${kernelRelease}`;
  return [
    {
      component: 'library-index',
      program: '/usr/sbin/ldconfig',
      // -X: the links to libraries are the packages' business.
      arguments: ['-X'],
      directory: '/etc',
      files: /^ld\.so\.cache$/,
    },
    {
      component: 'kernel-module-index',
      program: '/usr/sbin/depmod',
      arguments: ['-a', kernelRelease],
      directory: modules,
      // modules.builtin, modules.order and modules.builtin.modinfo are the package's, and sources.
      files: /^modules\.(?!(builtin|order|builtin\.modinfo)$)/,
      sources: [modules],
      required: true,
    },
    {
      component: 'hardware-database',
      program: '/usr/bin/systemd-hwdb',
      arguments: ['update', '--usr'],
      directory: '/usr/lib/udev',
      files: /^hwdb\.bin$/,
      sources: ['/usr/lib/udev/hwdb.d', '/etc/udev/hwdb.d'],
    },
  ];
}

/** Makes the indexes of shared libraries, kernel modules and hardware anew where overlays or scripts changed what is in them. */
export const indexes: RootStep = {
  title: 'index libraries, kernel modules and hardware',
  async run(context) {
    for (const index of indexesFor(context.kernelRelease)) {
      if (await isStale(context, index)) await make(context, index);
      for (const name of await filesOf(context, index)) {
        context.generated.set(join(index.directory, name), index.component);
      }
    }
  },
};

async function isStale(context: RootContext, index: Index): Promise<boolean> {
  if (index.required !== true && (await statInRoot(context.root, index.program)) === undefined) return false;
  const { sources } = index;
  if (sources === undefined || (await filesOf(context, index)).length === 0) return true;
  const changed = [...context.generated.keys()];
  return changed.some((path) => sources.some((directory) => path.startsWith(`${directory}/`)));
}

async function filesOf({ root }: RootContext, { directory, files }: Index): Promise<string[]> {
  return (await namesInRoot(root, directory)).filter((name) => files.test(name));
}

async function make(context: RootContext, index: Index): Promise<void> {
  const command = [index.program, ...index.arguments];
  const result = await runInRoot(context, command);
  if (result.exitCode === 0) return;
  const message = `${command.join(' ')} in the root: exit status ${result.exitCode}\n${lastLines(result)}`;
  throw new CosaError('ROOT_PROGRAM_FAILED', message.trimEnd());
}
