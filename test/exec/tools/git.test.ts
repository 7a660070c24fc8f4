import { appendFile, chmod, lstat, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { run, tryRun } from '../../../src/exec/run.ts';
import { gitCheckoutOf } from '../../../src/exec/tools/git/checkout.ts';
import { gitClone } from '../../../src/exec/tools/git.ts';
import { tools } from '../../../src/exec/tools.ts';
import { exists } from '../../../src/lib/if-exists.ts';
import { temporaryDirectory, writeFiles } from '../../config/support.ts';

const commitTime = 1_700_000_000;
const url = 'https://example.com/os.git';

let base: string;
let config: string;
/** A file that appears when a program of the repository's owner runs. */
let marker: string;
/** That program. */
let evil: string;

beforeEach(async () => {
  base = await temporaryDirectory();
  config = join(base, 'config');
  marker = join(base, 'marker');
  evil = join(base, 'evil');
  await writeFile(evil, `#!/bin/sh\necho "$0" "$@" >> ${marker}\n`);
  await chmod(evil, 0o755);
});

async function gitIn(directory: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'init.defaultBranch=main'];
  const date = `${commitTime} +0000`;
  const env = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  const { stdout } = await run(tools.git, [...identity, ...args], { cwd: directory, env });
  return stdout.trim();
}

/** A checkout with one commit, and what it is. */
async function commitFiles(directory: string, files: Record<string, string>, init: string[] = []): Promise<string> {
  await writeFiles(files, directory);
  await gitIn(directory, 'init', '--quiet', ...init);
  await gitIn(directory, 'add', '--all');
  await gitIn(directory, 'commit', '--quiet', '--message', 'first');
  return gitIn(directory, 'rev-parse', 'HEAD');
}

async function makeConfig(files: Record<string, string> = {}): Promise<string> {
  const revision = await commitFiles(config, { 'manifest.yaml': 'ref: a\n', ...files });
  await gitIn(config, 'remote', 'add', 'origin', url);
  return revision;
}

/** Adds a submodule that has one file, without leaving a trace of where it came from. */
async function addSubmodule(directory: string, path: string): Promise<string> {
  const source = join(base, `source-of-${path}`);
  await commitFiles(source, { file: 'of a submodule\n' });
  await gitIn(directory, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', source, path);
  await gitIn(directory, 'commit', '--quiet', '--message', 'submodule');
  return gitIn(directory, 'rev-parse', 'HEAD');
}

/** Changes a file's time and not its content, so that whoever compares must read it. */
async function touch(path: string): Promise<void> {
  await run({ ...tools.git, name: 'touch' }, ['-d', '2020-01-01', path]);
}

describe("the owner's programs", () => {
  interface Trap {
    name: string;
    files?: Record<string, string>;
    set: () => Promise<unknown>;
    /** What springs it where git obeys the repository: proof that this is a trap. */
    sprung: string[];
    /** The repository cannot be read without it. */
    needed?: true;
  }
  const set = (name: string, value: string) => gitIn(config, 'config', name, value);
  const filtered = { '.gitattributes': '* filter=evil diff=evil\n' };
  const status = ['status', '--porcelain'];
  const traps: Trap[] = [
    { name: 'filter.clean', files: filtered, set: () => set('filter.evil.clean', evil), sprung: status },
    { name: 'filter.process', files: filtered, set: () => set('filter.evil.process', evil), sprung: status },
    { name: 'core.fsmonitor', set: () => set('core.fsmonitor', evil), sprung: status },
    {
      name: 'a filter in an included file',
      files: filtered,
      set: async () => {
        await writeFile(join(base, 'included'), `[filter "evil"]\n\tclean = ${evil}\n`);
        await set('include.path', join(base, 'included'));
      },
      sprung: status,
    },
    {
      name: 'a filter in the configuration of a worktree',
      files: filtered,
      set: async () => {
        await set('extensions.worktreeConfig', 'true');
        await writeFile(join(config, '.git/config.worktree'), `[filter "evil"]\n\tclean = ${evil}\n`);
      },
      sprung: status,
    },
    {
      name: 'a filter of attributes that are not committed',
      set: async () => {
        await writeFile(join(config, '.git/info/attributes'), '* filter=evil\n');
        await set('filter.evil.clean', evil);
      },
      sprung: status,
    },
    {
      name: 'a hook',
      set: async () => {
        await mkdir(join(base, 'hooks'));
        await symlink(evil, join(base, 'hooks/post-index-change'));
        await set('core.hooksPath', join(base, 'hooks'));
      },
      sprung: status,
    },
    {
      name: 'gpg.program',
      set: async () => {
        const commit = await gitIn(config, 'cat-file', 'commit', 'HEAD');
        const signed = commit.replace(
          '\n\n',
          '\ngpgsig -----BEGIN PGP SIGNATURE-----\n -----END PGP SIGNATURE-----\n\n',
        );
        const { stdout } = await run(tools.git, ['hash-object', '-t', 'commit', '-w', '--stdin'], {
          cwd: config,
          input: `${signed}\n`,
        });
        await gitIn(config, 'update-ref', 'HEAD', stdout.trim());
        await set('gpg.program', evil);
        await set('log.showSignature', 'true');
      },
      sprung: ['log', '-1', '--format=%H'],
    },
    { name: 'textconv', files: filtered, set: () => set('diff.evil.textconv', evil), sprung: ['log', '-1', '-p'] },
    { name: 'an external diff', set: () => set('diff.external', evil), sprung: ['log', '-1', '-p', '--ext-diff'] },
    {
      name: 'the ssh command for objects that are missing',
      set: async () => {
        const tree = await gitIn(config, 'rev-parse', 'HEAD:');
        await set('remote.origin.url', 'ssh://example.com/os.git');
        await set('remote.origin.promisor', 'true');
        await set('extensions.partialClone', 'origin');
        await set('core.repositoryFormatVersion', '1');
        await set('core.sshCommand', evil);
        await rm(join(config, '.git/objects', tree.slice(0, 2), tree.slice(2)));
      },
      sprung: status,
      needed: true,
    },
    {
      name: 'a filter in a submodule',
      set: async () => {
        await addSubmodule(config, 'sub');
        await writeFile(join(config, '.git/modules/sub/info/attributes'), '* filter=evil\n');
        await gitIn(join(config, 'sub'), 'config', 'filter.evil.clean', evil);
        await touch(join(config, 'sub/file'));
      },
      sprung: status,
    },
    {
      name: 'the file monitor of a submodule',
      set: async () => {
        await addSubmodule(config, 'sub');
        await gitIn(join(config, 'sub'), 'config', 'core.fsmonitor', evil);
      },
      sprung: status,
    },
    {
      name: 'a git directory that lies elsewhere',
      files: filtered,
      set: async () => {
        await rename(join(config, '.git'), join(base, 'elsewhere'));
        await writeFile(join(config, '.git'), `gitdir: ${join(base, 'elsewhere')}\n`);
        await set('filter.evil.clean', evil);
      },
      sprung: status,
    },
    {
      name: 'a common directory that lies elsewhere',
      files: filtered,
      set: async () => {
        const common = join(base, 'elsewhere');
        await rename(join(config, '.git'), common);
        await mkdir(join(config, '.git'));
        await writeFiles({ commondir: `${common}\n`, HEAD: 'ref: refs/heads/main\n' }, join(config, '.git'));
        await rename(join(common, 'index'), join(config, '.git/index'));
        await run(tools.git, ['config', '--file', join(common, 'config'), 'filter.evil.clean', evil]);
      },
      sprung: status,
    },
  ];

  test.each(traps)('do not run: $name', async ({ files, set: setTrap, sprung, needed }) => {
    await makeConfig(files);
    await setTrap();
    const revision = await gitIn(config, 'rev-parse', 'HEAD');
    await touch(join(config, 'manifest.yaml'));
    await rm(marker, { force: true });
    if (needed) await expect(gitCheckoutOf(config)).rejects.toMatchObject({ code: 'GIT_FAILED' });
    else expect(await gitCheckoutOf(config)).toEqual({ revision, commitTime, dirty: false, url });
    expect(await exists(marker)).toBe(false);

    await tryRun(tools.git, ['-c', 'safe.directory=*', ...sprung], { cwd: config });
    expect(await exists(marker)).toBe(true);
  });

  test('a directory that looks like a repository is none', async () => {
    await commitFiles(join(base, 'inner'), { 'manifest.yaml': 'a' });
    await rename(join(base, 'inner/.git'), join(base, 'bare'));
    await writeFiles({ 'manifest.yaml': 'a' }, join(base, 'bare'));
    await appendFile(join(base, 'bare/config'), `[core]\n\tbare = true\n\tfsmonitor = ${evil}\n`);
    expect(await gitCheckoutOf(join(base, 'bare'))).toBeUndefined();
    expect(await exists(marker)).toBe(false);
  });
});

describe('a checkout', () => {
  const state = (revision: string, dirty: boolean) => ({ revision, commitTime, dirty, url });

  test('is left as it was', async () => {
    const revision = await makeConfig();
    await touch(join(config, 'manifest.yaml'));
    const before = await lstat(join(config, '.git/index'));
    const names = await readdir(join(config, '.git'));
    expect(await gitCheckoutOf(config)).toEqual(state(revision, false));
    expect((await lstat(join(config, '.git/index'))).mtimeMs).toBe(before.mtimeMs);
    expect(await readdir(join(config, '.git'))).toEqual(names);
  });

  test.each([
    ['a changed file', () => writeFile(join(config, 'manifest.yaml'), 'ref: b\n'), true],
    ['a changed mode', () => chmod(join(config, 'manifest.yaml'), 0o755), true],
    ['a removed file', () => rm(join(config, 'manifest.yaml')), true],
    ['a new file', () => writeFile(join(config, 'new'), ''), true],
    ['a file that is ignored', () => writeFile(join(config, 'ignored'), ''), false],
    [
      'a file that is ignored here alone',
      async () => {
        await writeFile(join(config, '.git/info/exclude'), 'local\n');
        await writeFile(join(config, 'local'), '');
      },
      false,
    ],
    [
      'a file that is ignored and staged',
      async () => {
        await writeFile(join(config, 'ignored'), '');
        await gitIn(config, 'add', '--force', 'ignored');
      },
      true,
    ],
    [
      'the same, in a split index',
      async () => {
        await gitIn(config, 'update-index', '--split-index');
        await writeFile(join(config, 'ignored'), '');
        await gitIn(config, 'add', '--force', 'ignored');
      },
      true,
    ],
    ['a split index', () => gitIn(config, 'update-index', '--split-index'), false],
    [
      'a change that the index is told to overlook',
      async () => {
        await gitIn(config, 'update-index', '--assume-unchanged', 'manifest.yaml');
        await writeFile(join(config, 'manifest.yaml'), 'ref: b\n');
      },
      true,
    ],
    ['packed references', () => gitIn(config, 'pack-refs', '--all'), false],
    ['a detached HEAD', () => gitIn(config, 'checkout', '--quiet', '--detach'), false],
  ])('with %s', async (_, change, dirty) => {
    const revision = await makeConfig({ '.gitignore': 'ignored\n' });
    await change();
    expect(await gitCheckoutOf(config)).toEqual(state(revision, dirty));
  });

  test('with the ends of lines of another system is clean, if git itself has made them', async () => {
    const revision = await makeConfig({ '.gitattributes': '*.txt text eol=crlf\n', 'a.txt': 'a\r\n', b: 'b\n' });
    expect(await gitIn(config, 'show', 'HEAD:a.txt')).toBe('a');
    expect(await gitCheckoutOf(config)).toEqual(state(revision, false));
    await gitIn(config, 'config', 'core.autocrlf', 'true');
    await writeFile(join(config, 'b'), 'b\r\n');
    expect(await gitCheckoutOf(config)).toEqual(state(revision, false));
  });

  test('whose files a program has made is dirty: it is not run', async () => {
    await makeConfig({ '.gitattributes': '*.bin filter=upper\n' });
    await gitIn(config, 'config', 'filter.upper.clean', 'tr a-z A-Z');
    await writeFile(join(config, 'a.bin'), 'abc\n');
    await gitIn(config, 'add', '--all');
    await gitIn(config, 'commit', '--quiet', '--message', 'second');
    expect(await gitIn(config, 'status', '--porcelain')).toBe('');
    expect((await gitCheckoutOf(config))?.dirty).toBe(true);
  });

  test('with SHA-256', async () => {
    const revision = await commitFiles(config, { 'manifest.yaml': 'a' }, ['--object-format=sha256']);
    await gitIn(config, 'remote', 'add', 'origin', url);
    expect(revision).toHaveLength(64);
    expect(await gitCheckoutOf(config)).toEqual(state(revision, false));
  });

  test('that is a worktree', async () => {
    const revision = await makeConfig();
    const worktree = join(base, 'worktree');
    await gitIn(config, 'worktree', 'add', '--quiet', '-b', 'other', worktree);
    await gitIn(config, 'commit', '--quiet', '--allow-empty', '--message', 'later');
    expect(await gitCheckoutOf(worktree)).toEqual(state(revision, false));
    await writeFile(join(worktree, 'new'), '');
    expect(await gitCheckoutOf(worktree)).toEqual(state(revision, true));
  });

  test('that is shallow, or shares its objects', async () => {
    await makeConfig();
    await gitIn(config, 'commit', '--quiet', '--allow-empty', '--message', 'later');
    const revision = await gitIn(config, 'rev-parse', 'HEAD');
    await gitIn(base, 'clone', '--quiet', '--depth', '1', `file://${config}`, 'shallow');
    await gitIn(base, 'clone', '--quiet', '--shared', config, 'shared');
    for (const clone of ['shallow', 'shared']) {
      await gitIn(join(base, clone), 'remote', 'set-url', 'origin', url);
      expect(await gitCheckoutOf(join(base, clone))).toEqual(state(revision, false));
    }
  });

  test('whose commit another one was put in the place of', async () => {
    const revision = await makeConfig();
    await writeFile(join(config, 'manifest.yaml'), 'ref: b\n');
    await gitIn(config, 'commit', '--quiet', '--all', '--message', 'other');
    const other = await gitIn(config, 'rev-parse', 'HEAD');
    await gitIn(config, 'reset', '--quiet', '--soft', revision);
    await gitIn(config, 'replace', revision, other);
    expect(await gitCheckoutOf(config)).toEqual(state(revision, true));
  });

  test.each([
    ['as it was committed', async () => undefined, false],
    ['with a changed file', () => writeFile(join(config, 'sub/file'), 'changed\n'), true],
    ['with a new file', () => writeFile(join(config, 'sub/new'), ''), true],
    [
      'at another commit',
      () => gitIn(join(config, 'sub'), 'commit', '--quiet', '--allow-empty', '--message', 'x'),
      true,
    ],
    ['that was not fetched', () => gitIn(config, 'submodule', '--quiet', 'deinit', '--force', 'sub'), false],
    ['that is gone', () => rm(join(config, 'sub'), { recursive: true }), true],
    [
      'that is a link now',
      async () => {
        await rename(join(config, 'sub'), join(base, 'moved'));
        await symlink(join(base, 'moved'), join(config, 'sub'));
      },
      true,
    ],
    ['that has become files', () => rm(join(config, 'sub/.git')), true],
    [
      'that the configuration says to overlook',
      async () => {
        await gitIn(config, 'config', 'submodule.sub.ignore', 'all');
        await writeFile(join(config, 'sub/file'), 'changed\n');
      },
      true,
    ],
  ])('with a submodule %s', async (_, change, dirty) => {
    await makeConfig();
    const revision = await addSubmodule(config, 'sub');
    await change();
    expect(await gitCheckoutOf(config)).toEqual(state(revision, dirty));
  });

  test.each([
    ['', /config\/\.git: it is no link to a git directory$/],
    ['gitdir: /etc/passwd\n', /config\/\.git: there is no git directory at \/etc\/passwd$/],
    ['gitdir: /nowhere\n', /config\/\.git: there is no git directory at \/nowhere$/],
    ['x'.repeat(9000), /config\/\.git cannot be read: it has more than 8192 bytes$/],
  ])('whose .git is the file %j is an error', async (content, message) => {
    await writeFiles({ '.git': content, 'manifest.yaml': '' }, config);
    await expect(gitCheckoutOf(config)).rejects.toMatchObject({
      code: 'GIT_FAILED',
      message: expect.stringMatching(message),
    });
  });

  test.each(['HEAD', 'config'])('with a pipe as %s is an error, and nobody waits for it', async (name) => {
    await makeConfig();
    await rm(join(config, '.git', name));
    await run({ ...tools.git, name: 'mkfifo' }, [join(config, '.git', name)]);
    await expect(gitCheckoutOf(config)).rejects.toMatchObject({
      code: 'GIT_FAILED',
      message: expect.stringMatching(/cannot be read: it is a pipe, and no file$/),
    });
  });
});

describe('a clone', () => {
  test.each([
    ['ext::', () => `ext::${evil} x`],
    ['fd::', () => 'fd::0'],
    ['a program', () => 'evil://example.com/os.git'],
    ['an option', () => `--upload-pack=${evil}`],
  ])('of %s runs nothing', async (_, source) => {
    await expect(gitClone(source(), join(base, 'clone'))).rejects.toMatchObject({ code: 'TOOL_FAILED' });
    expect(await exists(marker)).toBe(false);
  });

  test.each([
    ['ext::', () => `ext::${evil} x`],
    ['a directory of this machine', () => join(base, 'private')],
    ['a file URL', () => `file://${join(base, 'private')}`],
  ])('with a submodule of %s runs nothing, and fetches nothing', async (_, source) => {
    await commitFiles(join(base, 'private'), { file: 'of somebody else\n' });
    await makeConfig();
    await addSubmodule(config, 'sub');
    await gitIn(config, 'config', '--file', '.gitmodules', 'submodule.sub.url', source());
    await gitIn(config, 'commit', '--quiet', '--all', '--message', 'evil');
    await expect(gitClone(config, join(base, 'clone'))).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      message: expect.stringMatching(/transport '(?:ext|file)' not allowed/),
    });
    expect(await exists(marker)).toBe(false);
    expect(await exists(join(base, 'clone/sub/file'))).toBe(false);
  });
});
