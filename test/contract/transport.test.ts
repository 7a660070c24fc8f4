import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkContainers } from '../../src/flows/container/fsck.ts';
import { listContainers } from '../../src/flows/container/list.ts';
import { pruneContainers } from '../../src/flows/container/prune.ts';
import { openLayout, openLayoutForWriting } from '../../src/oci/layout.ts';
import { openReference } from '../../src/oci/open.ts';
import type { Place } from '../../src/oci/place.ts';
import { pathScopes, scopesOfPath } from '../../src/oci/policy/scopes.ts';
import { parseReference } from '../../src/oci/reference.ts';
import { formatSelector, splitSelector } from '../../src/oci/selector.ts';
import type { Transport } from '../../src/oci/transports/transport.ts';
import { transports } from '../../src/oci/transports.ts';
import { placeNamed } from '../../src/workspace/place.ts';
import { storeImage } from '../helpers/image.ts';
import { placeOf } from '../helpers/place.ts';
import { silentSession } from '../helpers/session.ts';
import { startTestingRegistry } from '../helpers/testing-registry.ts';
import { type ContractTransport, transportContract } from './transport.ts';

const name = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const path = fc
  .array(fc.oneof(name, fc.constantFrom('a:b', 'é', 'a b', 'x.tar')), { minLength: 1, maxLength: 4 })
  .chain((parts) => fc.constantFrom('', '../', '/').map((begin) => `${begin}${parts.join('/')}`))
  // A colon in the last part would begin a tag.
  .filter((text) => !/:[^/]*$/.test(text));

let places = 0;
const scenes: Record<string, () => Promise<ContractTransport>> = {
  docker: async () => {
    const registry = await startTestingRegistry();
    return {
      workDirectory: '/',
      fresh: () => placeOf(`docker://${registry.host}/os/example-${places++}`),
      references: fc
        .tuple(fc.constantFrom('quay.io', 'localhost:5000', '[::1]:5000', 'Registry.Example.com'), name, name)
        .map((parts) => `docker://${parts.join('/')}`),
      [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
    };
  },
  oci: () =>
    inDirectory((directory) => placeOf(`oci:${join(directory, String(places++))}`), path.map(prefixed('oci:'))),
  'oci-archive': () =>
    inDirectory(
      (directory) => placeOf(`oci-archive:${join(directory, `${places++}.tar`)}`),
      path.map(prefixed('oci-archive:')),
    ),
  local: () => inDirectory((directory) => parseReference('any').placeIn(join(directory, String(places++))), name),
};

async function inDirectory(
  fresh: (directory: string) => Place,
  references: fc.Arbitrary<string>,
): Promise<ContractTransport> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-transport-'));
  return {
    workDirectory: directory,
    fresh: () => fresh(directory),
    references,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

function prefixed(prefix: string) {
  return (text: string) => `${prefix}${text}`;
}

it('has a scene for every transport', () => {
  expect(Object.keys(scenes)).toEqual(transports.map((transport) => transport.name));
});

for (const transport of transports) {
  const scene = scenes[transport.name];
  if (scene !== undefined) transportContract(transport, scene);
}

describe('a transport that is added', () => {
  let directory: string;

  // What its file would hold: images under a name, in layouts somewhere.
  const shelf: Transport = {
    name: 'shelf',
    prefix: 'shelf:',
    form: 'shelf:NAME[:TAG]',
    scopes: { unmatchableReason: pathScopes.unmatchableReason },
    parse(text, refuse) {
      const { before, ...selector } = splitSelector(text, refuse);
      return { ...selector, placeIn: () => shelfPlace(before) };
    },
  };
  const shelfPlace = (text: string): Place => ({
    transport: 'shelf',
    format: (selector = {}) => `shelf:${text}${formatSelector(selector)}`,
    open: () => openLayout(join(directory, text)),
    openForWriting: () => openLayoutForWriting(join(directory, text)),
    policyScopes: async () => scopesOfPath(join('/', text)),
    missingCode: 'LAYOUT_MISSING',
  });
  // Its line.
  const table = transports as Transport[];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cosa-shelf-'));
    table.unshift(shelf);
  });
  afterAll(async () => {
    table.shift();
    await rm(directory, { recursive: true, force: true });
  });

  transportContract(shelf, async () => ({
    workDirectory: '/',
    fresh: () => shelfPlace(`fresh-${places++}`),
    references: name.map(prefixed('shelf:')),
    [Symbol.asyncDispose]: async () => undefined,
  }));

  it('can be used wherever a place can be named', async () => {
    const session = silentSession();
    await using store = await placeOf('shelf:os').openForWriting(session.registries);
    const image = await storeImage(store, [Buffer.from('one')]);
    await store.setTags(['13.1'], image);
    const place = await placeNamed(directory, 'shelf:os');
    expect(await listContainers(session, place)).toMatchObject({ containers: [{ tags: ['13.1'] }], others: [] });
    expect(await checkContainers(session, place)).toMatchObject({ problems: [], entries: 1 });
    expect((await openReference('shelf:os:13.1', directory, session.registries)).descriptor.digest).toBe(image.digest);
    await expect(pruneContainers(session, place, { keep: 1, dryRun: false })).rejects.toMatchObject({
      code: 'PRUNE_UNSUPPORTED',
      message: 'nothing can be removed from shelf:os',
      hint: 'copy what you need to a new place: cosa copy',
    });
    expect(() => parseReference('a b')).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/^write shelf:NAME\[:TAG\], docker:/) as string }),
    );
  });

  it('needs no other file: nobody asks for a transport by its name', async () => {
    const source = fileURLToPath(new URL('../../src/', import.meta.url));
    const names = transports.map((transport) => transport.name).join('|');
    // A comparison with it, a case for it, a property of that value, or the prefix of references taken off.
    const asks = new RegExp(
      `\\.transport\\s*[!=]==|switch \\([^)]*transport\\)|[!=]==\\s*'(${names})'|case '(${names})'|transport: '(${names})'|startsWith\\('(${names}):`,
    );
    const files = await readdir(source, { recursive: true });
    const asking: string[] = [];
    for (const file of files) {
      if (!file.endsWith('.ts') || file.startsWith('oci/transports/')) continue;
      if (asks.test(await readFile(join(source, file), 'utf8'))) asking.push(file);
    }
    expect(asking).toEqual([]);
  });
});
