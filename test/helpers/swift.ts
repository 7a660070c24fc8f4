import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { run, start } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';
import { type Cleanup, createCleanup } from '../../src/lib/cleanup.ts';

/** One who may use the store. */
export interface SwiftUser {
  /** `ACCOUNT:USER`, as S3 has it. */
  accessKey: string;
  secretKey: string;
}

/** Debian's Swift with its S3 interface, on free ports of the loopback interface. */
export interface Swift extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  endpoint: string;
  region: string;
  /** Owns its buckets. */
  publisher: SwiftUser;
  /** In another account: buckets of the publisher are not its own. */
  stranger: SwiftUser;
  /** Makes a bucket of the publisher's. */
  makeBucket(name: string): Promise<void>;
  /** What the SDK reads of the environment for a user. */
  environmentOf(user: SwiftUser): Record<string, string>;
}

const region = 'eu-test-1';
const publisher: SwiftUser = { accessKey: 'publishing:publisher', secretKey: 'secret-of-the-publisher' };
const stranger: SwiftUser = { accessKey: 'elsewhere:stranger', secretKey: 'secret-of-a-stranger' };

const kinds = ['account', 'container', 'object'] as const;

function server(kind: string): Tool {
  const packages = { deb: `swift-${kind}`, rpm: `openstack-swift-${kind}` };
  return { name: `swift-${kind}-server`, packages, purpose: 'is a part of the real object store of the tests' };
}

/** The one that Debian's packages are for. */
const python: Tool = {
  name: '/usr/bin/python3',
  packages: { deb: 'python3', rpm: 'python3' },
  purpose: 'tells the parts of the object store of the tests of each other',
};

/** Directory, and then kinds with their ports: what `swift-ring-builder` does, without a start for each step. */
const makeRings = `
import sys
from swift.common.ring import RingBuilder
directory = sys.argv[1]
for kind, port in zip(sys.argv[2::2], sys.argv[3::2]):
    builder = RingBuilder(1, 1, 1)
    builder.add_dev({'id': 0, 'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': int(port), 'device': 'disk', 'weight': 1.0})
    builder.rebalance()
    builder.get_ring().save(f'{directory}/{kind}.ring.gz')
`;

/** Starts its four servers with an empty storage, and returns when they answer. Disposing stops them and removes all. */
export async function startSwift(): Promise<Swift> {
  const cleanup = createCleanup();
  try {
    return await startWith(cleanup);
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

async function startWith(cleanup: Cleanup): Promise<Swift> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-swift-'));
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  await mkdir(join(directory, 'devices', 'disk'), { recursive: true });
  const [proxyPort = 0, ...ports] = await freePorts(1 + kinds.length);
  await writeFile(
    join(directory, 'swift.conf'),
    configuration({
      'swift-hash': { swift_hash_path_suffix: 'of a test' },
      'storage-policy:0': { name: 'usual', default: 'yes' },
    }),
  );
  await run(python, ['-c', makeRings, directory, ...kinds.flatMap((kind, index) => [kind, String(ports[index])])]);
  for (const [index, kind] of kinds.entries()) {
    const sections = {
      DEFAULT: { ...common(directory, ports[index] ?? 0), devices: join(directory, 'devices'), mount_check: 'false' },
      'pipeline:main': { pipeline: `${kind}-server` },
      [`app:${kind}-server`]: { use: `egg:swift#${kind}` },
    };
    await writeFile(join(directory, `${kind}.conf`), configuration(sections));
  }
  await writeFile(join(directory, 'proxy.conf'), configuration(proxySections(directory, proxyPort)));
  for (const kind of ['proxy', ...kinds]) await serve(kind, join(directory, `${kind}.conf`), cleanup);
  await Promise.all([proxyPort, ...ports].map(connectable));
  const endpoint = `http://127.0.0.1:${proxyPort}`;
  return {
    endpoint,
    region,
    publisher,
    stranger,
    makeBucket: (name) => makeBucket(endpoint, name),
    environmentOf: ({ accessKey, secretKey }) => ({
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: secretKey,
      AWS_REGION: region,
      AWS_EC2_METADATA_DISABLED: 'true',
    }),
    [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose](),
  };
}

function common(directory: string, port: number): Record<string, string> {
  return {
    bind_ip: '127.0.0.1',
    bind_port: String(port),
    // In the process itself, which so is the only one to be ended.
    workers: '0',
    user: userInfo().username,
    swift_dir: directory,
    fallocate_reserve: '0',
  };
}

function proxySections(directory: string, port: number): Record<string, Record<string, string>> {
  const filters = ['catch_errors', 'gatekeeper', 'cache', 's3api', 'tempauth', 'copy', 'slo', 'dlo'];
  return {
    DEFAULT: common(directory, port),
    'pipeline:main': { pipeline: [...filters, 'proxy-server'].join(' ') },
    'app:proxy-server': { use: 'egg:swift#proxy', account_autocreate: 'true' },
    ...Object.fromEntries(filters.map((name) => [`filter:${name}`, { use: `egg:swift#${name}` }])),
    // What it would remember it asks again: nothing listens there.
    'filter:cache': { use: 'egg:swift#memcache', memcache_servers: '127.0.0.1:1' },
    'filter:s3api': { use: 'egg:swift#s3api', location: region },
    'filter:tempauth': {
      use: 'egg:swift#tempauth',
      [`user_${publisher.accessKey.replace(':', '_')}`]: `${publisher.secretKey} .admin`,
      [`user_${stranger.accessKey.replace(':', '_')}`]: `${stranger.secretKey} .admin`,
    },
  };
}

function configuration(sections: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  return Object.entries(sections)
    .map(([name, values]) => {
      const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}\n`);
      return `[${name}]\n${lines.join('')}`;
    })
    .join('\n');
}

async function serve(kind: string, configurationFile: string, cleanup: Cleanup): Promise<void> {
  const program = await start(server(kind), [configurationFile, '--verbose'], { onStderrLine: () => undefined });
  program.stdout.resume();
  cleanup.defer(async () => {
    program.kill();
    await program.done.catch(() => undefined);
  });
}

/** Ports that the kernel finds free; they are needed before the servers start. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports: number[] = [];
  for (const one of servers) {
    if (!one.listening) await new Promise((resolve) => one.once('listening', resolve));
    ports.push((one.address() as { port: number }).port);
  }
  await Promise.all(servers.map((one) => new Promise((resolve) => one.close(resolve))));
  return ports;
}

/** Servers say to nobody that they are ready. */
async function connectable(port: number): Promise<void> {
  for (let attempt = 1; attempt <= 600; attempt++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      }).once('error', () => resolve(false));
    });
    if (isOpen) return;
    await setTimeout(50);
  }
  throw new Error(`a server of Swift does not listen on port ${port}`);
}

async function makeBucket(endpoint: string, name: string): Promise<void> {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const credentials = { accessKeyId: publisher.accessKey, secretAccessKey: publisher.secretKey };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: name }));
  client.destroy();
}
