import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Timeouts } from '../../../../src/http/connections.ts';
import { digestOf } from '../../../../src/lib/digest.ts';
import { CosaError } from '../../../../src/lib/errors.ts';
import { storeBytes } from '../../../../src/oci/artifact.ts';
import { copyContent } from '../../../../src/oci/copy.ts';
import { checkLayout } from '../../../../src/oci/layout/check.ts';
import { openLayout, openLayoutForWriting } from '../../../../src/oci/layout.ts';
import { openReference } from '../../../../src/oci/open.ts';
import type { Place } from '../../../../src/oci/place.ts';
import { createRegistries } from '../../../../src/oci/registry.ts';
import type { ContentStore } from '../../../../src/oci/store.ts';
import { type Descriptor, mediaTypes } from '../../../../src/oci/types.ts';
import { silentReporter } from '../../../../src/progress/reporter.ts';
import { writeAuthFile } from '../../../helpers/auth-file.ts';
import { storeImageOf } from '../../../helpers/image.ts';
import { entry, tarOf } from '../../../helpers/ostree-layers.ts';
import { placeOf } from '../../../helpers/place.ts';
import {
  startTestingRegistry,
  type TestingRegistry,
  type TestingRegistryOptions,
} from '../../../helpers/testing-registry.ts';

export const repository = 'os/example';

/** Where requests go: what faults are injected into. */
export const paths = {
  tag: /\/manifests\/stable$/,
  manifest: /\/manifests\/sha256:/,
  blob: /\/blobs\/sha256:/,
  uploads: /\/blobs\/uploads\/$/,
  upload: /\/blobs\/uploads\/.+/,
} as const;

/** A registry whose tag `stable` points to one image, and a layout with the next. */
export interface Scene extends AsyncDisposable {
  registry: TestingRegistry;
  before: Descriptor;
  next: Descriptor;
  /** The larger layer of `next`, 3 MB; the other blobs are small. */
  layer: Descriptor;
  /** Milliseconds that were waited before another attempt. */
  waits: number[];
  /** Copies `next` to the registry as `stable`. */
  push(): Promise<void>;
  /** Copies `stable` from the registry into an empty layout. */
  pull(): Promise<void>;
  /** Copies `next` to another registry as well: storage that redirects lead to. */
  mirrorTo(storage: TestingRegistry): Promise<void>;
  /** What the tag of the layout that was pulled into points to. */
  pulledTag(): Promise<string | undefined>;
  /** What is wrong with the layout that was pulled into: nothing, or a list. */
  localDamage(): Promise<readonly string[]>;
}

/** The images of all scenes of a test file: storing them is what takes longest. */
interface Examples {
  layout: string;
  before: Descriptor;
  next: Descriptor;
  layer: Descriptor;
}
let examples: Examples;

/** Makes the images before a file's tests, and removes them after. */
export function useExamples(): void {
  beforeAll(async () => {
    const layout = await mkdtemp(join(tmpdir(), 'cosa-examples-'));
    await using store = await openLayoutForWriting(layout);
    const { image: before } = await storeExample(store, 'before', 10);
    const { image: next, layer } = await storeExample(store, 'next', 500_000);
    await store.setTags(['before'], before);
    await store.setTags(['next'], next);
    examples = { layout, before, next, layer };
  });
  afterAll(() => rm(examples.layout, { recursive: true }));
}

/** @param options if the registry asks for a password, `builder` with `letmein` must be one who may push */
export async function openScene(options: TestingRegistryOptions = {}, timeouts?: Timeouts): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-faults-'));
  const registry = await startTestingRegistry(options);
  const waits: number[] = [];
  const authFile = await writeAuthFile(join(directory, 'auth.json'), registry.host, {
    name: 'builder',
    password: 'letmein',
  });
  const environment = {
    environment: {},
    wait: async (milliseconds: number) => void waits.push(milliseconds),
    ...(timeouts === undefined ? {} : { timeouts }),
  };
  const remote = placeOf(`docker://${registry.host}/${repository}`);

  async function copy(from: string, to: Place): Promise<void> {
    // One command: nothing that an earlier one has learned about the registry.
    await using registries = createRegistries({ authFile }, environment);
    const source = await openReference(from, directory, registries);
    await using store = await to.openForWriting(registries);
    const request = { from: source, to: { place: to, reader: store }, tags: ['stable'], extent: 'image' } as const;
    await copyContent(request, store, silentReporter());
  }

  const { layout, before, next, layer } = examples;
  // Made before anything is pulled into it, so that there is something to look at when nothing could be.
  await using _pulled = await openLayoutForWriting(join(directory, 'pulled'));
  await copy(`oci:${layout}:before`, remote);
  registry.log.length = 0;

  return {
    registry,
    before,
    next,
    layer,
    waits,
    push: () => copy(`oci:${layout}:next`, remote),
    pull: () => copy(`docker://${registry.host}/${repository}:stable`, placeOf(`oci:${join(directory, 'pulled')}`)),
    mirrorTo: async (storage) => {
      await copy(`oci:${layout}:next`, placeOf(`docker://${storage.host}/${repository}`));
      storage.log.length = 0;
    },
    pulledTag: async () => {
      const descriptor = await (await openLayout(join(directory, 'pulled'))).resolveTag('stable');
      return descriptor?.digest;
    },
    localDamage: async () => {
      const { problems, leftovers } = await checkLayout(join(directory, 'pulled'), silentReporter());
      return [...problems.map(({ message }) => message), ...(leftovers === 0 ? [] : [`${leftovers} leftovers`])];
    },
    [Symbol.asyncDispose]: async () => {
      await registry[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

/** `fine`, or the error's code, exit status and message. */
export async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'fine';
  } catch (error) {
    if (!(error instanceof CosaError)) throw error;
    return `${error.code} (${error.exitStatus}): ${error.message}`;
  }
}

/** An image of two layers: a small one, and one of some repetitions of six bytes. */
async function storeExample(store: ContentStore, text: string, repetitions: number) {
  const small = tarOf([entry('small', {}, text)]);
  const large = tarOf([entry('large', {}, text.padEnd(6, '.').repeat(repetitions))]);
  const layers = [await storeBytes(store, small, mediaTypes.layer), await storeBytes(store, large, mediaTypes.layer)];
  const image = await storeImageOf(store, layers, [small, large].map(digestOf));
  return { image, layer: layers[1] as Descriptor };
}
