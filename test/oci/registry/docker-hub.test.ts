import { expect, test } from 'vitest';
import { addressOf, fullNameOf } from '../../../src/oci/registry/docker-hub.ts';

test.each([
  ['docker.io', 'debian', 'registry-1.docker.io', 'library/debian'],
  ['index.docker.io', 'owner/image', 'registry-1.docker.io', 'owner/image'],
  ['registry.test:5000', 'debian', 'registry.test:5000', 'debian'],
])('%s/%s lies at %s/%s', (host, repository, address, name) => {
  expect([addressOf(host), fullNameOf(host, repository)]).toEqual([address, name]);
});
