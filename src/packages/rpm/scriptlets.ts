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

/** @returns which script of the packages runs in the root, or was killed there: its file tells */
export async function runningScript(packages: readonly RpmPackage[], root: string): Promise<string | undefined> {
  for (const name of await namesInRoot(root, temporaryDirectory)) {
    if (!name.startsWith('rpm-tmp.')) continue;
    const text = await readTextInRootIfExists(root, `${temporaryDirectory}/${name}`);
    for (const { header } of packages) {
      const found = scriptTags.find(({ values }) => header.values.texts(values).some((script) => script === text));
      if (found !== undefined) return `the script ${found.kind} of ${nevra(header)}`;
    }
  }
  return undefined;
}
