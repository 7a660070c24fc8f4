// How long `cosa config show` takes for a config, beside Node.js with nothing to do, and beside PyYAML, which parses the
// same files and does nothing else.
// Usage: tsx bench/config-show.ts [CONFIG_DIRECTORY [ARCHITECTURE]]; without one, a config of the dimensions of Fedora CoreOS's
// is written, the largest in public. With the program built, and python3-yaml: whole processes are measured.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { least, type ProgramTime, timeProgram } from './measure.ts';

const rounds = 15;
/** The most seconds of processor time. */
const goal = 0.3;
const program = join(resolve(import.meta.dirname, '..'), 'bin/cosa');

const [named, architecture = 'x86_64'] = process.argv.slice(2);
const scratch = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
const directory = named ?? writeConfig(scratch);
const parsed = ['.', 'manifests'].flatMap((folder) =>
  readdirSync(join(directory, folder))
    .filter((name) => name.endsWith('.yaml') && !name.startsWith('kola-'))
    .map((name) => join(directory, folder, name)),
);
const pythonScript = 'import sys, yaml\nfor name in sys.argv[1:]: yaml.safe_load(open(name))';

const commands: { name: string; run: readonly [string, ...string[]]; goal?: number }[] = [
  { name: 'node -e 0', run: [process.execPath, '-e', '0'] },
  { name: 'cosa --help', run: [program, '--help'] },
  { name: `PyYAML, ${parsed.length} files`, run: ['python3', '-c', pythonScript, ...parsed] },
  { name: 'cosa config show', run: [program, 'config', 'show', directory, '--arch', architecture], goal },
];

/** In turns: what else the machine does befalls all. */
const times = commands.map((): ProgramTime[] => []);
for (let round = 0; round < rounds; round++) {
  for (const [index, { run }] of commands.entries()) {
    const [command, ...args] = run;
    times[index]?.push(await timeProgram(command, args));
  }
}
for (const [index, command] of commands.entries()) {
  const { processor } = least(times[index] ?? []);
  const verdict =
    command.goal === undefined ? '' : ` (goal ${command.goal} s) ${processor <= command.goal ? 'ok' : 'TOO SLOW'}`;
  console.log(`processor ${processor.toFixed(3).padStart(7)} s  ${command.name}${verdict}`);
}

/** Twenty manifests with scripts, 150 packages, two overlays of 120 files each, and a lock of 440 packages. */
function writeConfig(base: string): string {
  const count = (length: number, item: (index: number) => string) => Array.from({ length }, (_, index) => item(index));
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(base, name)), { recursive: true });
    writeFileSync(join(base, name), text);
  };
  const names = count(20, (index) => `part${index}.yaml`);
  write(
    'manifest.yaml',
    `variables: {stream: bench}\nreleasever: 40\nmetadata: {name: bench}\nrepos: [bench]\nostree-layers: [overlay/05a, overlay/10b]\ninclude: [${names.map((name) => `manifests/${name}`).join(', ')}]\n`,
  );
  for (const [file, name] of names.entries()) {
    const packages = count(
      8,
      (index) => `  # Why this package is here, as a sentence.\n  - package${file}-${index} other${file}-${index}\n`,
    );
    const script = count(20, (index) => `    sed -i -e 's/a${index}/b/' /usr/lib/file${index}\n`);
    write(
      `manifests/${name}`,
      `packages:\n${packages.join('')}postprocess:\n  - |\n    #!/usr/bin/env bash\n${script.join('')}`,
    );
  }
  for (const layer of ['05a', '10b']) {
    for (const name of count(120, (index) => `usr/lib/directory${index % 12}/file${index}`))
      write(`overlay.d/${layer}/${name}`, name);
  }
  write('bench.repo', '[bench]\nname=bench\nbaseurl=https://example.com/\n');
  const packages = Object.fromEntries(
    count(440, (index) => `package${index}`).map((name) => [name, { evra: '1.0-1.fc40.x86_64' }]),
  );
  write('manifest-lock.x86_64.json', JSON.stringify({ packages }, undefined, 2));
  return base;
}
