import { type LintedImage, lintContainer } from '../../flows/container/lint.ts';
import { exitStatus } from '../../lib/exit-status.ts';
import { plural } from '../../lib/format.ts';
import type { Finding } from '../../lint/lint.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';

/** Of a rule that does not hold in very many places, so many are shown. */
const shownDetails = 5;

export const lint = defineCommand({
  description:
    'Checks a container by the rules for systems that boot and update from one: those of "bootc container lint", and some of ' +
    'its own. Any container will do, whoever built it. Its layers are read once or twice and unpacked nowhere. Of each ' +
    'rule that does not hold, it says where, and what to do. The exit status is 4 if one of them is an error.',
  configure: (command) =>
    command
      .argument('[reference]', 'the container; the newest build unless given')
      .option('--fatal-warnings', 'take warnings for errors'),
  examples: [
    { run: 'cosa lint', does: 'Check the newest build' },
    {
      run: 'cosa lint docker://quay.io/fedora/fedora-bootc:latest --fatal-warnings',
      does: 'Check a container of a registry, and be strict',
    },
    { run: 'cosa lint oci:layout:tag --json', does: 'Check one of a layout, for a script' },
  ],
  registries: true,
  run: async (context, [reference], { fatalWarnings = false }) => {
    const linted = await lintContainer(context, context.directory, reference);
    const failed = linted.findings.some(({ rule }) => fatalWarnings || rule.level === 'error');
    const { container, findings, passed, unchecked } = linted;
    return {
      text: lintText(linted, context.style),
      json: {
        digest: container.digest,
        passed,
        unchecked,
        findings: findings.map(({ rule: { name, level, source, claim, advice }, details }) => ({
          ...{ name, level, source, claim, advice },
          details,
        })),
      },
      exitStatus: failed ? exitStatus.verification : exitStatus.ok,
    };
  },
});

function lintText({ findings, passed, unchecked, container }: LintedImage, style: Style): Shown {
  const errors = findings.filter(({ rule }) => rule.level === 'error').length;
  const counts = [
    `${plural(passed.length, 'rule')} hold${passed.length === 1 ? 's' : ''}`,
    ...(errors > 0 ? [plural(errors, 'error')] : []),
    ...(findings.length > errors ? [plural(findings.length - errors, 'warning')] : []),
    ...(unchecked.length > 0 ? [`${unchecked.length} could not be checked`] : []),
  ];
  const title = line`${container.version ?? 'container'}, ${container.digest}: ${counts.join(', ')}`;
  return lines([...findings.map((finding) => findingText(finding, style)), title]);
}

function findingText({ rule, details }: Finding, style: Style): Shown {
  const mark = rule.level === 'error' ? style.red('error:') : style.yellow('warning:');
  const more = details.length - shownDetails;
  return lines([
    line`${mark} ${style.bold(rule.name)} (${rule.source}): it is not so that ${rule.claim}`,
    ...details.slice(0, shownDetails).map((detail) => line`  ${detail}`),
    ...(more > 0 ? [line`  and ${more} more`] : []),
    line`${style.cyan('hint:')} ${rule.advice}`,
    '',
  ]);
}
