import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryFile } from '../../src/packages/backend.ts';
import { debBackend } from '../../src/packages/deb.ts';
import { type ContractRepository, packageBackendContract } from '../contract/package-backend.ts';
import { buildPackage, serveRepository } from './deb/local-repository.ts';

packageBackendContract(debBackend, async (): Promise<ContractRepository> => {
  const repository = await serveRepository([
    { name: 'editor', version: '2.0', fields: { Depends: 'library (>= 1.0)' } },
    { name: 'library', fields: { Source: 'toolkit' } },
    { name: 'broken', fields: { Depends: 'nowhere (>= 3)' } },
    { name: 'extra' },
  ]);
  const other = await serveRepository([]);
  const pool = join(repository.directory, 'repo/pool');
  const overrides = join(repository.directory, 'overrides');
  await mkdir(overrides);

  async function sources(name: string, uri: string, key: string): Promise<RepositoryFile[]> {
    const path = join(repository.directory, `${name}.sources`);
    await writeFile(path, `Types: deb\nURIs: ${uri}\nSuites: test\nComponents: main\nSigned-By: ${key}\n`);
    return [{ name, path }];
  }
  async function poolFile(name: string): Promise<string> {
    const file = (await readdir(pool)).find((candidate) => candidate.startsWith(`${name}_`));
    if (file === undefined) throw new Error(`no package ${name}`);
    return join(pool, file);
  }

  return {
    request: {
      basearch: 'x86_64',
      packages: [],
      exclude: [],
      recommends: false,
      repositories: await sources('local', '${mirror}', 'test.asc'),
      variables: { mirror: repository.url },
      pins: {},
      overrides: [],
    },
    wrongKey: await sources('forged', repository.url, other.key),
    // Port 9 (discard) is closed on any machine that runs tests.
    unreachable: await sources('offline', 'http://127.0.0.1:9', 'test.asc'),
    async corrupt(name) {
      const file = await poolFile(name);
      const content = await readFile(file);
      content.writeUInt8(content.readUInt8(content.length - 1) ^ 1, content.length - 1);
      await writeFile(file, content);
    },
    remove: async (name) => rm(await poolFile(name)),
    buildOverride: () => buildPackage({ name: 'extra', version: '9.0' }, overrides),
    async [Symbol.asyncDispose]() {
      await repository[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
});
