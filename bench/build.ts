// The example, as `cosa ostree build` makes it: from packages, after a change to an overlay, and with no change.
// Against mkosi, which makes an OCI image of the same packages, both with everything downloaded before. As root.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createPipeline } from '../src/progress/step.ts';
import { openConfig } from '../src/workspace/open-config.ts';
import { packageRequest } from '../src/workspace/package-lock.ts';
import { openWorkDirectory } from '../src/workspace/work-directory.ts';
import { fastest, report } from './measure.ts';
import { fetchMkosi, mkosiBuild } from './mkosi.ts';

const checkout = resolve(import.meta.dirname, '..');
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const config = join(directory, 'config');
const work = join(directory, 'work');

function cosa(...args: string[]): void {
  execFileSync(join(checkout, 'bin/cosa'), ['--quiet', ...args], { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Forgets all results and keeps what was downloaded. */
function forget(): void {
  for (const name of ['oci', 'cache/roots', 'cache/initramfs', 'cache/layers']) {
    rmSync(join(work, name), { recursive: true, force: true });
  }
}

const unwatched = createPipeline(() => undefined, new AbortController().signal);

try {
  cpSync(join(checkout, 'examples/debian-coreos'), config, { recursive: true, verbatimSymlinks: true });
  mkdirSync(work);
  cosa('init', '--stream', 'bench', config);
  cosa('fetch', '--update-lockfile');

  const opened = await openConfig(unwatched, await openWorkDirectory(work));
  const request = packageRequest(opened.config, []);
  const mkosi = await fetchMkosi(join(directory, 'mkosi'), request);
  const peer = () => mkosiBuild(mkosi, request.packages);
  // The first fills its package cache.
  peer();
  const peerSeconds = await fastest(2, peer);
  report('mkosi: packages -> OCI image', peerSeconds);

  const scratchSeconds = await fastest(2, () => {
    forget();
    cosa('ostree', 'build');
  });
  report('packages -> container, from scratch', scratchSeconds, { seconds: peerSeconds, goal: 1 });

  let change = 0;
  const overlaySeconds = await fastest(3, () => {
    writeFileSync(join(config, 'overlay.d/05core/etc/bench.conf'), `${++change}\n`);
    cosa('ostree', 'build');
  });
  report('one overlay file changed', overlaySeconds, { seconds: 10, goal: 1 });

  const unchangedSeconds = await fastest(5, () => cosa('ostree', 'build'));
  report('nothing changed', unchangedSeconds, { seconds: 1.5, goal: 1 });
} finally {
  rmSync(directory, { recursive: true, force: true });
}
