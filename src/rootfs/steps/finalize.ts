import { dirname } from 'node:path';
import { sysrootInside, tryRunInSandbox } from '../../exec/sandbox.ts';
import { CosaError } from '../../lib/errors.ts';
import { lastLines, type RootStep } from '../context.ts';

/** Where a script and its config are to be seen inside. */
const scriptsInside = '/tmp/finalize.d';
const configInside = '/tmp/config';

/**
 * Runs the programs of `finalize.d` on the finished tree: with this machine's programs, which they cannot change, in the
 * tree's directory, without network. RPMOSTREE_WORKDIR names the config directory.
 */
export const finalize: RootStep = {
  title: 'run finalize.d',
  async run({ root, request, reporter }) {
    for (const { name, path } of request.finalizeScripts) {
      reporter.log(name);
      const result = await tryRunInSandbox(
        {
          root: '/',
          sysroot: root,
          cwd: sysrootInside,
          env: { RPMOSTREE_WORKDIR: configInside, SOURCE_DATE_EPOCH: String(request.timestamp) },
          binds: [
            { from: request.configDirectory, to: configInside },
            { from: dirname(path), to: scriptsInside },
          ],
        },
        [`${scriptsInside}/${name}`],
        { signal: reporter.signal, onStderrLine: reporter.log },
      );
      for (const line of result.stdout.split('\n')) if (line !== '') reporter.log(line);
      if (result.exitCode === 0) continue;
      const message = `finalize.d/${name} ended with exit status ${result.exitCode}\n${lastLines(result)}`;
      throw new CosaError('POSTPROCESS_FAILED', message.trimEnd(), { where: { file: path } });
    }
  },
};
