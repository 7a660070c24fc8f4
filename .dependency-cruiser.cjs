// Imports point downwards: cli → flows → workspace → domains → the floor, and on the floor from left to right:
// contract, http, cache → progress → exec → lib.
const floor = 'contract|http|cache|progress|exec|lib';
const domains = 'config|packages|rootfs|ostree|layers|oci|disk|vm|publish|lint';
const nouns = 'config|container|image|packages|publish|registry|site|work-directory|host';
/** One rule: what stands in `from` may import only what `to` names (and itself). */
const only = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: `^src/(${from})/` },
  to: { path: '^src/', pathNot: `^src/(${from}|${to})/` },
});
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    only('lib-imports-nothing-above', 'lib', 'lib'),
    only('contract-imports-lib', 'contract', 'lib'),
    only('exec-imports-lib', 'exec', 'lib'),
    only('progress-imports-exec', 'progress', 'exec|lib'),
    only('http-imports-lib', 'http', 'lib'),
    only('cache-knows-no-domain', 'cache', 'progress|exec|lib'),
    ...['config', 'packages', 'rootfs', 'oci', 'vm', 'publish', 'lint'].map((domain) =>
      only(`${domain}-stands-alone`, domain, floor),
    ),
    only('ostree-may-use-oci', 'ostree', `oci|${floor}`),
    only('layers-may-use-ostree', 'layers', `ostree|${floor}`),
    only('disk-may-use-ostree-and-oci', 'disk', `ostree|oci|${floor}`),
    only('workspace-uses-domains', 'workspace', `${domains}|${floor}`),
    only('flows-use-all-below', 'flows', `workspace|${domains}|${floor}`),
    ...nouns.split('|').map((noun) => ({
      name: `flows-of-${noun}-use-no-other-noun`,
      severity: 'error',
      from: { path: `^src/flows/${noun}/` },
      to: { path: '^src/flows/', pathNot: `^src/flows/${noun}/` },
    })),
    {
      name: 'only-the-table-imports-transports',
      comment: 'what differs from one transport to another, a place can do or says of itself',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/oci/transports(/|\\.ts$)' },
      to: { path: '^src/oci/transports/', pathNot: '^src/oci/transports/transport\\.ts$' },
    },
    {
      name: 'only-the-table-imports-object-stores',
      comment: 'whoever uses a store knows its interface; what kind it is stands in its URL alone',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/publish/stores(/|\\.ts$)' },
      to: { path: '^src/publish/stores/' },
    },
    {
      name: 'no-folder-is-taken-for-output',
      comment: 'every ignore rule takes a folder of such a name for something that was made',
      severity: 'error',
      from: {},
      to: { path: '/(build|dist|out|test|tests)/', pathNot: 'node_modules' },
    },
    {
      name: 'only-exec-spawns',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/exec/' },
      to: { path: '^(node:)?child_process$|node_modules/execa' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
