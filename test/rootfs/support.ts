import { execFile } from 'node:child_process';
import { chmod, cp, lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { silentReporter } from '../../src/progress/reporter.ts';
import type { RootContext } from '../../src/rootfs/context.ts';
import type { Overlay, OverlayEntry, RootfsRequest } from '../../src/rootfs/request.ts';
import { walkTree } from '../../src/rootfs/walk.ts';

/** A file's content, a link's target, or a directory; with permission bits where they matter. */
export type Node = string | { content: string; mode: number } | { link: string } | { directory: number };

/** A directory that is removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-rootfs-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes files, links and directories by their path, in a new directory unless told. */
export async function writeTree(nodes: Readonly<Record<string, Node>>, directory?: string): Promise<string> {
  const base = directory ?? (await temporaryDirectory());
  for (const [path, node] of Object.entries(nodes)) {
    const host = join(base, path);
    await mkdir(dirname(host), { recursive: true });
    if (typeof node === 'string') await writeFile(host, node);
    else if ('link' in node) await symlink(node.link, host);
    else if ('directory' in node) {
      await mkdir(host, { recursive: true });
      await chmod(host, node.directory);
    } else {
      await writeFile(host, node.content);
      await chmod(host, node.mode);
    }
  }
  return base;
}

/** What a tree holds: a file's text, `→ target` of a link; directories end in a slash and have `mode`. */
export async function readTree(directory: string): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for await (const { path, host, entry } of walkTree(directory)) {
    if (entry.isDirectory()) result[`${path}/`] = await modeOf(host);
    else if (entry.isSymbolicLink()) result[path] = `→ ${await readlink(host)}`;
    else result[path] = await readFile(host, 'utf8');
  }
  return result;
}

/** Permission bits in octal. */
export async function modeOf(path: string): Promise<string> {
  return ((await lstat(path)).mode & 0o7777).toString(8).padStart(4, '0');
}

/** A request that asks for nothing. */
export const emptyRequest: RootfsRequest = {
  osName: 'test-os',
  version: '1.2.3',
  basearch: 'x86_64',
  timestamp: 1_700_000_000,
  overlays: [],
  addedFiles: [],
  containerMarker: false,
  finalizeScripts: [],
  configDirectory: '/',
  units: [],
  defaultTarget: undefined,
  postprocess: [],
  removeFiles: [],
  removeFromPackages: [],
  readonlyExecutables: false,
  packages: [],
  etcGroupMembers: [],
  users: { kind: 'none' },
  groups: { kind: 'none' },
  ignoreRemovedUsers: [],
  ignoreRemovedGroups: [],
  mutateOsRelease: undefined,
  initramfsArguments: [],
  optUsrlocal: 'var',
  machineIdCompat: true,
  mounts: [],
  embedded: new Map(),
  packagesKey: 'packages',
  initramfsCache: undefined,
};

export interface TestContext extends RootContext {
  /** What steps warned of. */
  readonly warnings: string[];
  /** What steps said. */
  readonly lines: string[];
}

/** A step's context for a tree. */
export function contextFor(root: string, request: Partial<RootfsRequest> = {}, kernelRelease = '6.1'): TestContext {
  const lines: string[] = [];
  const warnings: string[] = [];
  const log = (line: string) => void lines.push(line);
  const warn = (message: string) => void warnings.push(message);
  return {
    root,
    request: { ...emptyRequest, ...request },
    reporter: { ...silentReporter(), log, warn },
    generated: new Map(),
    kernelRelease,
    lines,
    warnings,
  };
}

/** An overlay of a directory, with the usual modes; `modes` overrides them by relative path. */
export async function overlayOf(
  name: string,
  nodes: Readonly<Record<string, Node>>,
  modes: Readonly<Record<string, number>> = {},
): Promise<Overlay> {
  const directory = await writeTree(nodes);
  const entries: OverlayEntry[] = [];
  for await (const walked of walkTree(directory)) {
    const path = walked.path.slice(1);
    if (walked.entry.isSymbolicLink()) entries.push({ path, type: 'symlink', target: await readlink(walked.host) });
    else if (walked.entry.isDirectory()) entries.push({ path, type: 'directory', mode: modes[path] ?? 0o755 });
    else entries.push({ path, type: 'file', mode: modes[path] ?? 0o644 });
  }
  return { name, directory, entries };
}

/**
 * A root in which shell scripts run: the host's own /bin/sh and its libraries, below a merged /usr.
 * @param nodes what else is in it; scripts of programs must have their mode
 */
export async function shellRoot(nodes: Readonly<Record<string, Node>> = {}): Promise<string> {
  const root = await writeTree({
    'usr/bin': { directory: 0o755 },
    'usr/lib': { directory: 0o755 },
    'usr/lib64': { directory: 0o755 },
    bin: { link: 'usr/bin' },
    sbin: { link: 'usr/bin' },
    'usr/sbin': { link: 'bin' },
    lib: { link: 'usr/lib' },
    lib64: { link: 'usr/lib64' },
    dev: { directory: 0o755 },
    proc: { directory: 0o555 },
    run: { directory: 0o755 },
    tmp: { directory: 0o1777 },
  });
  await copyProgram('sh', root);
  return writeTree(nodes, root);
}

/** Copies a program of the host and its libraries. */
export async function copyProgram(name: string, root: string): Promise<void> {
  const program = `/bin/${name}`;
  const { stdout } = await promisify(execFile)('ldd', [program]);
  for (const path of [program, ...(stdout.match(/\/\S+/g) ?? [])]) {
    await mkdir(join(root, dirname(path)), { recursive: true });
    await cp(path, join(root, path), { dereference: true });
  }
}

/** An executable script of the shell. */
export function script(...lines: readonly string[]): Node {
  return { content: `#!/bin/sh\n${lines.join('\n')}\n`, mode: 0o755 };
}
