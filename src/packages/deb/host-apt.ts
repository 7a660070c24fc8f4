import { run } from '../../exec/run.ts';
import { tools } from '../../exec/tools.ts';
import type { Distribution, MirrorVariable } from '../distributions/distribution.ts';

/** The archive entry of the machine's apt configuration. */
interface IndexTarget {
  origin: string;
  label: string;
  uri: string;
}

/**
 * The address of the machine's own mirror of an archive, without a final slash; `undefined` if it has none.
 */
export async function hostMirror(
  distribution: Pick<Distribution, 'origin'>,
  { label, ending }: Pick<MirrorVariable, 'label' | 'ending'>,
): Promise<string | undefined> {
  const targets = await indexTargets();
  const found =
    targets.find((target) => target.origin === distribution.origin && target.label === label) ??
    // Before the first "apt-get update" the machine's apt knows addresses alone.
    targets.find((target) => target.uri.endsWith(ending));
  return found?.uri;
}

async function indexTargets(): Promise<IndexTarget[]> {
  const { stdout } = await run(tools.aptGet, [
    'indextargets',
    '--format',
    '$(CREATED_BY)|$(ORIGIN)|$(LABEL)|$(REPO_URI)',
  ]);
  const targets: IndexTarget[] = [];
  for (const line of stdout.split('\n')) {
    const [kind, origin, label, uri] = line.split('|');
    // What the machine does not know is left as it stands: "$(ORIGIN)".
    if (kind !== 'Packages' || origin === undefined || label === undefined || uri === undefined) continue;
    targets.push({ origin, label, uri: uri.replace(/\/+$/, '') });
  }
  return targets;
}

/**
 * How the machine reaches repositories: proxies, timeouts, certificates, whether index dates are checked; as lines of
 * an apt configuration. What would choose other packages or weaken signatures is left out.
 */
export async function hostAcquireSettings(): Promise<string[]> {
  const { stdout } = await run(tools.aptConfig, ['dump']);
  return stdout.split('\n').filter((line) => {
    const name = /^Acquire::([A-Za-z-]+)/.exec(line)?.[1];
    return name !== undefined && takenFromHost.has(name.toLowerCase());
  });
}

const takenFromHost: ReadonlySet<string> = new Set([
  'http',
  'https',
  'socks',
  'retries',
  'check-valid-until',
  'check-date',
  'max-futuretime',
  'forceipv4',
  'forceipv6',
  'queue-mode',
]);
