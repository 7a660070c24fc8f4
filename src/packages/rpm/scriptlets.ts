import { CosaError } from '../../lib/errors.ts';
import { formatDuration } from '../../lib/format.ts';
import { namesInRoot, readTextInRootIfExists } from '../../lib/root-files.ts';
import { tag } from './header/tags.ts';
import { nevra, type RpmPackage } from './package-file.ts';

/** Where the values of a header have each kind of script, as a spec file calls the kind. */
const scriptTags: readonly { kind: string; values: number }[] = [
  { kind: '%pretrans', values: tag.pretransScript },
  { kind: '%pre', values: tag.preScript },
  { kind: '%post', values: tag.postScript },
  { kind: '%posttrans', values: tag.posttransScript },
  { kind: 'trigger', values: tag.triggerScripts },
  { kind: 'file trigger', values: tag.fileTriggerScripts },
  { kind: 'file trigger', values: tag.transactionFileTriggerScripts },
];

/** rpm's own words for kinds of scripts, where a spec file has others. */
const specNames: Readonly<Record<string, string>> = { prein: 'pre', postin: 'post' };

/** What a spec file calls a kind of script that rpm names: `%pre` of `prein`. */
export function scriptKind(name: string): string {
  return `%${specNames[name] ?? name}`;
}

/** rpm writes each script there while it runs, in the root. */
export const temporaryDirectory = '/var/tmp';

/** The error for a script that was killed for its silence: which one it was, its file tells. */
export async function silentScript(
  packages: readonly RpmPackage[],
  root: string,
  silentSeconds: number,
): Promise<CosaError> {
  const running = await runningScript(packages, root);
  const subject = running === undefined ? 'a script of the packages' : `the script ${running}`;
  const silence = `said nothing for ${formatDuration(silentSeconds * 1000)}, and was ended`;
  return new CosaError('PACKAGE_INSTALL_FAILED', `${subject} ${silence}`, {
    hint: 'it waits for something that a build does not have: a network, an answer, a daemon; see with --verbose what it said last',
  });
}

async function runningScript(packages: readonly RpmPackage[], root: string): Promise<string | undefined> {
  for (const name of await namesInRoot(root, temporaryDirectory)) {
    if (!name.startsWith('rpm-tmp.')) continue;
    const text = await readTextInRootIfExists(root, `${temporaryDirectory}/${name}`);
    for (const { header } of packages) {
      const found = scriptTags.find(({ values }) => header.values.texts(values).some((script) => script === text));
      if (found !== undefined) return `${found.kind} of ${nevra(header)}`;
    }
  }
  return undefined;
}
