import { type Diagnosis, examineHost, type HostCheck, type ToolStatus } from '../../flows/host/doctor.ts';
import { hostArchitecture } from '../../lib/architecture.ts';
import { type ExitStatus, exitStatus } from '../../lib/exit-status.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { line, lines, type Showable, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';

export const doctor = defineCommand({
  description:
    'Looks for the programs that cosa calls, and says which are missing and what to install; checks that programs ' +
    'can be run in namespaces, whether there is KVM, and how much room there is. Changes nothing. ' +
    'The exit status is 3 if a program is missing that builds need.',
  configure: (command) =>
    command.addOption(architectureOption('look for what builds for this architecture take, if it is another')),
  examples: [
    { run: 'cosa doctor', does: 'Show what is there and what is missing' },
    { run: 'cosa doctor --arch aarch64', does: 'The same, and what emulates another architecture' },
    { run: 'cosa doctor --json', does: 'The same for a script; "install" lists the missing packages' },
  ],
  run: async (context, _arguments, { arch }) => {
    const diagnosis = await examineHost(context, context.directory, arch ?? hostArchitecture().name);
    return {
      text: diagnosisText(diagnosis, context.style),
      json: diagnosisJson(diagnosis),
      exitStatus: diagnosisStatus(diagnosis),
    };
  },
});

function diagnosisStatus(diagnosis: Diagnosis): ExitStatus {
  if (diagnosis.missingPackages.length > 0) return exitStatus.missingTool;
  return diagnosis.checks.some(({ state }) => state === 'failed') ? exitStatus.failed : exitStatus.ok;
}

function diagnosisJson(diagnosis: Diagnosis): object {
  return {
    tools: diagnosis.tools.map(({ tool, path, version }) => ({
      ...tool,
      path: path ?? null,
      version: version ?? null,
    })),
    checks: diagnosis.checks,
    install: diagnosis.missingPackages,
  };
}

function diagnosisText(diagnosis: Diagnosis, style: Style): Shown {
  const sections = [
    style.bold('Programs'),
    table(diagnosis.tools.map((status) => toolRow(status, diagnosis, style))),
    '',
    style.bold('This machine'),
    table(diagnosis.checks.map((check) => checkRow(check, style))),
    '',
    conclusion(diagnosis, style),
  ];
  return lines(sections);
}

function toolRow({ tool, path, version }: ToolStatus, { family }: Diagnosis, style: Style): Showable[] {
  const name = tool.packages[family ?? 'deb'];
  if (path !== undefined) {
    const from = version === undefined ? path : `${name} ${version}`;
    return [line`  ${style.green('ok')}`, tool.name, style.dim(from), style.dim(tool.purpose)];
  }
  const mark = tool.optional ? style.yellow('optional') : style.red('missing');
  return [line`  ${mark}`, tool.name, `in the package ${name}`, tool.purpose];
}

function checkRow({ name, state, finding, hint }: HostCheck, style: Style): Showable[] {
  const mark = { ok: style.green('ok'), slow: style.yellow('slow'), failed: style.red('failed') }[state];
  return [line`  ${mark}`, name, hint === undefined ? finding : `${finding} (${hint})`];
}

function conclusion({ family, missingPackages, checks }: Diagnosis, style: Style): Showable {
  if (missingPackages.length > 0) {
    const install = family === 'rpm' ? 'dnf install' : 'apt-get install';
    return line`Install what is missing: ${style.bold(`${install} ${missingPackages.join(' ')}`)}`;
  }
  if (checks.some(({ state }) => state === 'failed')) return 'Builds cannot work here.';
  return style.green('All that builds need is here.');
}
