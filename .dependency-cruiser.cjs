// Imports point downwards: cli → flows → {pipeline, domains} → {exec, lib}.
const domains = 'config|packages|rootfs|ostree|layers|oci|disk|vm|publish|lint';
/** One rule: what stands in `from` may import only what `to` names (and itself). */
const only = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: `^src/(${from})/` },
  to: { path: '^src/', pathNot: `^src/(${to})/` },
});
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    only('lib-imports-nothing-above', 'lib', 'lib'),
    only('exec-imports-lib', 'exec', 'exec|lib'),
    only('cache-knows-no-domain', 'cache', 'cache|exec|lib'),
    only('pipeline-knows-no-domain', 'pipeline', 'pipeline|cache|exec|lib'),
    only('ostree-may-use-oci', 'ostree', 'ostree|oci|cache|exec|lib'),
    only('layers-may-use-ostree', 'layers', 'layers|ostree|exec|lib'),
    only('disk-may-use-ostree', 'disk', 'disk|ostree|cache|exec|lib'),
    ...['config', 'packages', 'rootfs', 'oci', 'vm', 'lint'].map((d) =>
      only(`${d}-stands-alone`, d, `${d}|cache|exec|lib`),
    ),
    {
      name: 'flows-do-not-import-cli',
      severity: 'error',
      from: { path: `^src/(flows|pipeline|${domains})/` },
      to: { path: '^src/cli/' },
    },
    {
      name: 'domains-do-not-import-flows',
      severity: 'error',
      from: { path: `^src/(pipeline|cache|exec|lib|${domains})/` },
      to: { path: '^src/flows/' },
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
