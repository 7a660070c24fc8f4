import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rpmBackend } from '../../src/packages/rpm.ts';
import { type ContractRepository, packageBackendContract } from '../contract/package-backend.ts';
import { buildRpm } from '../helpers/rpm-packages.ts';
import { exportKey, requestFor, serveRpmRepository } from '../helpers/rpm-repository.ts';

packageBackendContract(rpmBackend, async (): Promise<ContractRepository> => {
  const repository = await serveRpmRepository([
    { name: 'editor', version: '2.0', requires: ['library >= 1.0'] },
    { name: 'library', source: 'toolkit' },
    { name: 'broken', requires: ['nowhere >= 3'] },
    { name: 'extra' },
  ]);
  const other = await serveRpmRepository([]);
  const overrides = join(repository.directory, 'overrides');
  await mkdir(overrides);
  await exportKey(other.keyring, join(repository.directory, 'other.asc'));
  const signed = { repo_gpgcheck: '1' };
  await repository.index({ sign: true });
  return {
    request: requestFor([await repository.repositoryFile('local', signed)], []),
    wrongKey: [await repository.repositoryFile('forged', { ...signed, gpgkey: 'other.asc' })],
    // Port 9 (discard) is closed on any machine that runs tests.
    unreachable: [await repository.repositoryFile('offline', { baseurl: 'http://127.0.0.1:9' })],
    async corrupt(name) {
      const file = await repository.file(name);
      const content = await readFile(file);
      content.writeUInt8(content.readUInt8(content.length - 1) ^ 1, content.length - 1);
      await writeFile(file, content);
    },
    remove: async (name) => rm(await repository.file(name)),
    buildOverride: () => buildRpm({ name: 'extra', version: '9.0' }, overrides),
    async [Symbol.asyncDispose]() {
      await repository[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
});
