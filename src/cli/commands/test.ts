import { runTests, type SuiteReport, type TestReport } from '../../flows/image/test.ts';
import type { Json } from '../../lib/canonical-json.ts';
import { exitStatus } from '../../lib/exit-status.ts';
import { formatDuration, plural } from '../../lib/format.ts';
import { suites } from '../../vm/suites.ts';
import { architectureOption } from '../architecture-option.ts';
import { defineCommand } from '../command.ts';
import { cpusOption, firmwareOption, memoryOption } from '../machine-options.ts';
import { readPassphrase } from '../passphrase.ts';
import { line, lines, quoted, type Shown } from '../render/shown.ts';
import type { Style } from '../render/style.ts';
import { table } from '../render/table.ts';

/** Declares the command under one of its names. */
export function testCommand(name: 'test' | 'kola run') {
  return defineCommand({
    description:
      "Boots a container's disk image, which is made if it is not there, with Ignition and ssh, and checks that the " +
      'system is what the container promises. A pattern names a suite (basic), a test (basic.ssh, ssh), or several ' +
      'with *; the default is the suite basic. ' +
      `Suites: ${suites.map(({ name: suite, summary }) => `${suite} (${summary})`).join(', ')}. ` +
      ' The result is stored beside the container, where promote and inspect ' +
      'find it; with --key it is signed. Console logs go to tests/, here or in $ARTIFACT_DIR. The exit status is 5 if a test has failed.',
    configure: (command) =>
      command
        .argument('[pattern...]', 'suites or tests to run')
        .option('--from <reference>', 'the container; by default the newest build')
        .option('--key <file>', 'a private key that signs the results, for promotions that ask for it')
        .addOption(architectureOption("of a container with several architectures; this machine's unless given"))
        .addOption(firmwareOption())
        .addOption(memoryOption())
        .addOption(cpusOption()),
    examples: [
      { run: `cosa ${name}`, does: 'Boot the newest build and run the basic tests' },
      { run: `cosa ${name} --firmware uefi-secure`, does: 'The same with Secure Boot enforced' },
      {
        run: `cosa ${name} --arch aarch64`,
        does: 'Test the container for another architecture, on an emulated machine',
      },
      { run: `cosa ${name} basic reboot deploy`, does: 'Three suites, each on a fresh machine' },
    ],
    registries: true,
    run: async (context, [patterns], options) => {
      const { key, arch, ...machine } = options;
      const passphrase = () => readPassphrase(context, `Passphrase of ${key}: `);
      const report = await runTests(context, {
        directory: context.directory,
        patterns: patterns.length === 0 ? ['basic'] : patterns,
        architecture: arch,
        ...machine,
        // As for kola; empty is as good as not set.
        logs: context.environment.ARTIFACT_DIR || undefined,
        signing: key === undefined ? undefined : { key, passphrase },
      });
      return {
        text: reportText(report, context.style),
        json: reportJson(report),
        exitStatus: report.passed ? exitStatus.ok : exitStatus.testsFailed,
      };
    },
  });
}

export const test = testCommand('test');

function reportText({ version, suites }: TestReport, style: Style): Shown {
  return lines(
    suites.map((suite) => suiteText(version, suite, style)),
    '\n\n',
  );
}

function suiteText(version: string, { result, consoleLog }: SuiteReport, style: Style): Shown {
  const { suite, firmware, tests } = result;
  const failed = tests.filter(({ status }) => status === 'failed');
  const verdict =
    failed.length === 0
      ? style.green(`${plural(tests.length, 'test')} passed`)
      : style.red(`${failed.length} of ${plural(tests.length, 'test')} failed`);
  const rows = tests.map(({ name, status, milliseconds }) => [
    line`  ${status === 'passed' ? style.green('passed') : style.red('failed')}`,
    name,
    style.dim(formatDuration(milliseconds)),
  ]);
  const reasons = failed.map(({ name, log = '' }) => lines(['', line`${style.bold(name)}:`, quoted(log)]));
  return lines([
    style.bold(`${suite} on ${version} (${firmware})`),
    table(rows, [2]),
    ...reasons,
    '',
    line`${verdict}; console log: ${consoleLog}`,
  ]);
}

function reportJson({ version, passed, suites }: TestReport): Json {
  return { version, passed, suites: suites.map(({ result, consoleLog }) => ({ ...result, consoleLog })) };
}
