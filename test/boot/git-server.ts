import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { start } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';

export interface GitServer extends AsyncDisposable {
  /** `git://127.0.0.1:PORT`: before the name of a repository. */
  address: string;
}

async function serve(socket: Socket, args: readonly string[]): Promise<void> {
  const daemon = await start(tools.git, args);
  await Promise.allSettled([pipeline(socket, daemon.stdin), pipeline(daemon.stdout, socket), daemon.done]);
}

/** Serves the bare repositories of a directory, for reading and for pushing, on a free port of the loopback interface. */
export async function startGitServer(directory: string): Promise<GitServer> {
  const args = ['daemon', '--inetd', '--export-all', '--enable=receive-pack', `--base-path=${directory}`];
  const server = createServer((socket) => void serve(socket, args));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `git://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
