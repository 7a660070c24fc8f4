import type { SiteModel } from '../../../src/publish/site/model.ts';
import { syntheticBuild } from './synthetic-model.ts';

/** Ends elements and attributes, runs scripts, and is found again as it is. */
export const hostileText = `"'></a></title></style><script>alert(1)</script><img src=x onerror=alert(2)>&lt;{{7*7}}`;

/** With what a text may hide besides. */
const hidden = `${hostileText}\u202e\u0000\u200b\u001b[31m`;

/** A site of which every text that somebody else can choose is hostile. */
export function hostileModel(): SiteModel {
  const address = `javascript:alert(1)//${hostileText}`;
  const packages = [{ name: hidden, version: hidden, architecture: hidden, source: hidden, size: 1000 }];
  const layers = [{ digest: syntheticBuild().digest, size: 1000, components: [hidden], isNew: true }];
  const first = syntheticBuild({ version: '1.0', stream: hidden });
  const change = { name: hidden, from: hidden, to: hidden };
  const build = syntheticBuild({
    version: hidden,
    stream: hidden,
    created: hidden,
    architecture: hidden,
    commit: hidden,
    name: hidden,
    kernel: hidden,
    source: address,
    revision: hidden,
    tags: [hidden],
    layers,
    packages: { packages },
    update: {
      from: first,
      download: 10,
      kept: 0,
      layers: { kept: 0, added: 1, removed: 1 },
      packages: {
        added: [{ name: hidden, version: hidden }],
        removed: [{ name: hidden, version: hidden }],
        upgraded: [change],
        downgraded: [change],
      },
    },
    suites: [
      {
        name: hidden,
        firmware: hidden,
        accelerator: hidden,
        complete: true,
        passed: false,
        started: hidden,
        tests: [
          { name: hidden, passed: false, milliseconds: 1, log: `${hidden}\n\u001b]0;${hostileText}\u0007\r${hidden}` },
        ],
      },
    ],
    unusableTests: [hidden],
    artifacts: [
      {
        platform: hidden,
        title: hidden,
        format: hidden,
        origin: 'store',
        files: [{ role: hidden, name: hidden, size: 1, sha256: hidden, location: address, signature: hidden }],
        start: [{ does: hidden, run: hidden }],
      },
    ],
    remarks: [hidden],
  });
  const builds = [build, first];
  return {
    title: hidden,
    repository: `docker://${hidden}`,
    streams: [{ name: hidden, promoted: [build], candidates: builds, builds }],
    builds,
    remarks: [hidden],
  };
}
