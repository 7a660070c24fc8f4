import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run } from '../../../../src/exec/run.ts';
import { tools } from '../../../../src/exec/tools.ts';
import { askVersionary, type VersionaryRequest } from '../../../../src/flows/container/next-build/versionary.ts';
import type { PipelineEvent } from '../../../../src/progress/events.ts';
import { writeFiles } from '../../../config/support.ts';
import { silentSession } from '../../../helpers/session.ts';

async function ask(script: string, more: Partial<VersionaryRequest> = {}, files: Record<string, string> = {}) {
  const directory = await writeFiles({ versionary: script, ...files });
  await chmod(join(directory, 'versionary'), 0o755);
  const lines: string[] = [];
  const events = (event: PipelineEvent) => void (event.type === 'step-log' && lines.push(event.line));
  const version = await askVersionary(
    { ...silentSession(), events },
    {
      config: { directory, basearch: 'x86_64', treefile: { releasever: 43 } as never },
      variant: undefined,
      timestamp: 1_700_000_000,
      last: undefined,
      isTaken: async () => false,
      ...more,
    },
  );
  return { version, lines, directory };
}

/** Counts as scripts of configs do: from the last build. */
const counting = `#!/bin/sh
last=$(sed -n 's/.*"id":"43\\.1\\.\\([0-9]*\\)".*/\\1/p' builds/builds.json)
echo "last: $last" >&2
echo "43.1.$((\${last:--1} + 1))"
`;

test('the script counts from the last build, and its words are in the log', async () => {
  expect(await ask(counting)).toMatchObject({ version: '43.1.0', lines: ['last: '] });
  expect(await ask(counting, { last: '43.1.7' })).toMatchObject({ version: '43.1.8', lines: ['last: 7'] });
});

test('a version that was given is not given again', async () => {
  const isTaken = async (version: string) => ['43.1.8', '43.1.9'].includes(version);
  expect((await ask(counting, { last: '43.1.7', isTaken })).version).toBe('43.1.10');
  await expect(ask('#!/bin/sh\necho 43\n', { isTaken: async () => true })).rejects.toMatchObject({
    code: 'VERSION_TAKEN',
    message: 'versionary says 43, and there is a build of that version already',
  });
});

test('no version is older than the last build', async () => {
  await expect(ask('#!/bin/sh\necho 43.20260101.3.0\n', { last: '43.20260102.3.0' })).rejects.toMatchObject({
    code: 'VERSION_OLDER',
    message: 'versionary says 43.20260101.3.0, which is older than the last build, 43.20260102.3.0',
  });
});

test('it finds the config, the arguments of the build, the date, git and a flattened treefile', async () => {
  const script = `#!/bin/sh
# takes --build-args
set -eu
test "$1" = --build-args=src/config/build-args-x.conf
. ./src/config/build-args-x.conf
release=$(rpm-ostree compose tree --print-only src/config/manifest.yaml | sed -n 's/.*"releasever":\\([0-9]*\\).*/\\1/p')
echo "$release.$SOURCE_DATE_EPOCH.$STREAM"
`;
  const files = { 'build-args-x.conf': 'STREAM=3\n' };
  expect((await ask(script, { variant: 'x' }, files)).version).toBe('43.1700000000.3');
});

test('it counts the commits of a config below the top of its checkout', async () => {
  const script = '#!/bin/sh\ncd src/config && echo "1.$(git rev-list --count HEAD)"\n';
  const top = await writeFiles({ 'config/versionary': script });
  await chmod(join(top, 'config/versionary'), 0o755);
  const git = (...args: string[]) => run(tools.git, ['-C', top, '-c', 'user.name=x', '-c', 'user.email=x@x', ...args]);
  await git('init', '--quiet');
  await git('add', '.');
  await git('commit', '--quiet', '--message', 'x');
  const request = {
    config: { directory: join(top, 'config'), basearch: 'x86_64' as const, treefile: {} as never },
    ...{ variant: undefined, timestamp: 0, last: undefined, isTaken: async () => false },
  };
  expect(await askVersionary(silentSession(), request)).toBe('1.1');
});

test('scripts in Python find what they ask and read', async () => {
  const script = `#!/usr/bin/python3 -u
import argparse, datetime, json, os, subprocess, sys
parser = argparse.ArgumentParser()
parser.add_argument('--workdir')
args = parser.parse_args()
assert args.workdir is None and os.path.isdir('builds'), 'no work directory'
manifest = json.loads(subprocess.check_output(['rpm-ostree', 'compose', 'tree', '--print-only', 'src/config/manifest.yaml']))
lock = json.load(open('src/config/manifest-lock.x86_64.json'))
day = datetime.datetime.strptime(lock['metadata']['generated'], '%Y-%m-%dT%H:%M:%SZ').strftime('%Y%m%d')
builds = json.load(open('builds/builds.json'))['builds']
print('newest of', len(builds), file=sys.stderr)
print(f"{manifest['releasever']}.{day}.3.{int(builds[0]['id'].split('.')[-1]) + 1}")
`;
  const files = { 'manifest-lock.x86_64.json': '{"packages": {}, "metadata": {"generated": "2026-02-03T04:05:06Z"}}' };
  expect(await ask(script, { last: '43.20260203.3.6' }, files)).toMatchObject({
    version: '43.20260203.3.7',
    lines: ['newest of 1'],
  });
});

test('it changes nothing, and reaches nobody', async () => {
  const script = `#!/bin/sh
touch src/config/x 2>/dev/null && exit 3
touch /usr/x 2>/dev/null && exit 4
test -n "$(ls -A /root /home)" && test "$(ls -A /root)" && exit 5
test "$(ls /sys/class/net)" = lo || test "$(cat /proc/net/route | wc -l)" -le 1 || exit 6
echo 1
`;
  expect((await ask(script)).version).toBe('1');
});

test.each([
  ['a script that fails', '#!/bin/sh\necho broken >&2\nexit 7\n', 'versionary ends with exit status 7: broken'],
  ['one that says nothing', '#!/bin/sh\n', '"" cannot be a version: it becomes a tag in a registry'],
  [
    'one that says more than a version',
    '#!/bin/sh\necho a b\n',
    '"a b" cannot be a version: it becomes a tag in a registry',
  ],
])('%s', async (_, script, message) => {
  await expect(ask(script)).rejects.toThrow(message);
});

test('a module of Python that is missing is told', async () => {
  await expect(ask('#!/usr/bin/python3\nimport nosuchmodule\n')).rejects.toMatchObject({
    hint: "it runs with this machine's programs: install Python's module nosuchmodule, python3-nosuchmodule in Debian and Fedora",
  });
});

test('a config without one is told', async () => {
  const directory = await writeFiles({ 'manifest.yaml': '' });
  const request = {
    config: { directory, basearch: 'x86_64' as const, treefile: {} as never },
    ...{ variant: undefined, timestamp: 0, last: undefined, isTaken: async () => false },
  };
  await expect(askVersionary(silentSession(), request)).rejects.toMatchObject({ code: 'VERSIONARY_MISSING' });
});
