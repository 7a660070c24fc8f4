import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '../../src/lib/digest.ts';
import { formatImageName, parseImageName } from '../../src/oci/image-name.ts';
import { checkLayout } from '../../src/oci/layout/check.ts';
import { openReference } from '../../src/oci/open.ts';
import type { Place } from '../../src/oci/place.ts';
import { scopeSyntaxOf } from '../../src/oci/policy/scope-syntaxes.ts';
import { parseReference } from '../../src/oci/reference.ts';
import type { Transport } from '../../src/oci/transports/transport.ts';
import { mediaTypes } from '../../src/oci/types.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { collect, storeImage } from '../helpers/image.ts';
import { silentSession } from '../helpers/session.ts';

/** What a transport's contract needs to know of it. */
export interface ContractTransport extends AsyncDisposable {
  /** Where its references are read. */
  workDirectory: string;
  /** A place that nobody has used yet. */
  fresh(): Place;
  /** References to places, without tag and digest; of a transport of bare names, whole references. */
  references: fc.Arbitrary<string>;
}

const { registries } = silentSession();
const digest = digestOf('image');
const layer = Buffer.from('one');

/** What every transport must do, whatever it is made of. */
export function transportContract(transport: Transport, setUp: () => Promise<ContractTransport>): void {
  describe(`the transport ${transport.name}`, () => {
    let scene: ContractTransport;
    beforeAll(async () => {
      scene = await setUp();
    });
    afterAll(() => scene[Symbol.asyncDispose]());

    async function fill(place: Place, tags: readonly string[], content = layer) {
      await using store = await place.openForWriting(registries);
      const image = await storeImage(store, [content]);
      await store.setTags(tags, image);
      return image;
    }

    describe('references', () => {
      const tag = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/);
      const selectors = fc.constantFrom('none', 'tag', 'digest', 'both');

      it('are read as they are written, and the place stays the same', () => {
        fc.assert(
          fc.property(scene.references, tag, selectors, (text, name, chosen) => {
            const place = parseReference(text).placeIn(scene.workDirectory);
            const selector = {
              ...(chosen === 'tag' || chosen === 'both' ? { tag: name } : {}),
              ...(chosen === 'digest' || chosen === 'both' ? { digest } : {}),
            };
            const written = place.format(selector);
            // Paths cannot have both: the place would be another one.
            if (chosen === 'both' && place.mountSource === undefined) return;
            const { placeIn, ...read } = parseReference(written);
            expect(read).toEqual(selector);
            expect(placeIn('/elsewhere').format()).toBe(place.format());
            expect(placeIn('/elsewhere').transport).toBe(place.transport);
          }),
        );
      });

      it('say in hints how they are written', () => {
        expect(transport.form.startsWith(transport.prefix)).toBe(true);
        expect(() => parseReference('?')).toThrow(
          expect.objectContaining({ hint: expect.stringContaining(transport.form) as string }),
        );
      });
    });

    describe('a place', () => {
      it('gives back what was written, by tag and by digest', async () => {
        const place = scene.fresh();
        const image = await fill(place, ['41.1', 'stable']);
        for (const selector of [{ tag: 'stable' }, { tag: '41.1' }, { digest: image.digest }]) {
          const opened = await openReference(place.format(selector), scene.workDirectory, registries);
          expect(opened).toMatchObject({ selector, descriptor: { digest: image.digest, size: image.size } });
          expect(opened.place.format()).toBe(place.format());
          const blob = { mediaType: mediaTypes.layer, digest: digestOf(layer), size: layer.length };
          expect((await collect(opened.reader.readBlob(blob))).equals(layer)).toBe(true);
        }
        const reader = await place.open(registries);
        expect(await reader.tagNames()).toEqual(['41.1', 'stable']);
      });

      it('keeps what it had when something is added, and moves tags', async () => {
        const place = scene.fresh();
        const first = await fill(place, ['41.1', 'stable']);
        const second = await fill(place, ['41.2', 'stable'], Buffer.from('two'));
        const reader = await place.open(registries);
        const tags = await reader.listTags();
        expect([...tags].map(([name, descriptor]) => [name, descriptor.digest])).toEqual([
          ['41.1', first.digest],
          ['41.2', second.digest],
          ['stable', second.digest],
        ]);
      });

      it('names an image without a tag where it says which one that is', async () => {
        const place = scene.fresh();
        const image = await fill(place, [place.defaultTag ?? 'only']);
        const opened = await openReference(place.format(), scene.workDirectory, registries);
        expect(opened.descriptor.digest).toBe(image.digest);
        await fill(place, ['other'], Buffer.from('two'));
        const again = openReference(place.format(), scene.workDirectory, registries);
        if (place.defaultTag !== undefined) expect((await again).descriptor.digest).toBe(image.digest);
        else await expect(again).rejects.toMatchObject({ code: 'REFERENCE_AMBIGUOUS', exitStatus: 2 });
      });

      it('that is missing is told, or looks empty', async () => {
        const place = scene.fresh();
        const opening = place.open(registries);
        if (place.missingCode !== undefined) {
          await expect(opening).rejects.toMatchObject({ code: place.missingCode, exitStatus: 2 });
        } else {
          const reader = await opening;
          expect(await reader.tagNames()).toEqual([]);
          expect(await reader.resolveTag('stable')).toBeUndefined();
          expect(await reader.hasBlob(digest)).toBe(false);
        }
      });

      it('has scopes that a policy may have, and is the only one in the first of them', async () => {
        const [place, other] = [scene.fresh(), scene.fresh()];
        await fill(place, ['stable']);
        await fill(other, ['stable']);
        const syntax = scopeSyntaxOf(place.transport);
        const scopes = await place.policyScopes({ tag: 'stable' });
        expect(scopes.length).toBeGreaterThan(0);
        for (const scope of scopes) {
          expect(syntax?.unmatchableReason(scope)).toBeUndefined();
          if (syntax?.realScope !== undefined) expect(await syntax.realScope(scope)).toBe(scope);
        }
        expect(await other.policyScopes({ tag: 'stable' })).not.toContain(scopes[0]);
      });
    });

    describe('what it says of itself', () => {
      it('is true: who compares and sets lets one of two writers fail', async () => {
        const place = scene.fresh();
        if (place.setsTagsAtomically !== true) return;
        const image = await fill(place, ['stable']);
        await using store = await place.openForWriting(registries);
        const next = await storeImage(store, [Buffer.from('two')]);
        const wrong = store.setTags(['stable'], next, new Map([['stable', next.digest]]));
        await expect(wrong).rejects.toMatchObject({ code: 'TAG_MOVED' });
        await store.setTags(['stable'], next, new Map([['stable', image.digest]]));
      });

      it('is true: who keeps manifests whole takes none without its blobs', async () => {
        const place = scene.fresh();
        if (place.keepsManifestsWhole !== true) return;
        await using store = await place.openForWriting(registries);
        const config = { mediaType: mediaTypes.config, digest, size: 5 };
        const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [] };
        await expect(store.putManifest(JSON.stringify(manifest), mediaTypes.manifest)).rejects.toMatchObject({
          exitStatus: 1,
        });
      });

      it('is true: a layout is one that can be checked', async () => {
        const place = scene.fresh();
        if (place.layout === undefined) return;
        await fill(place, ['stable']);
        expect(await checkLayout(place.layout, silentReporter())).toMatchObject({ problems: [], entries: 1 });
      });

      it('is true: an image has the name that it is asked for by', () => {
        const place = scene.fresh();
        if (place.imageName === undefined) return;
        for (const selector of [{ tag: '41' }, { digest }, { tag: '41', digest }]) {
          const name = place.imageName(selector);
          expect(parseImageName(formatImageName(name))).toEqual(name);
          expect(name).toMatchObject('digest' in selector ? { digest } : { tag: '41' });
        }
        expect(place.imageName({}).tag).toBe(place.defaultTag);
      });

      it('is true: what is opened to remove manifests loses one with its tags', async () => {
        const place = scene.fresh();
        if (place.openForDeleting === undefined) return;
        const image = await fill(place, ['stable']);
        const store = await place.openForDeleting(registries);
        await store.deleteManifest(image.digest);
        expect(await (await place.open(registries)).tagNames()).toEqual([]);
      });

      it('is true: another repository takes blobs from one that can be mounted', async () => {
        const [place, other] = [scene.fresh(), scene.fresh()];
        if (place.mountSource === undefined) return;
        await fill(place, ['stable']);
        await using store = await other.openForWriting(registries);
        const descriptor = { mediaType: mediaTypes.layer, digest: digestOf(layer), size: layer.length };
        const open = () => expect.unreachable('the blob was read');
        expect(await store.putBlob({ descriptor, open, mountSource: place.mountSource })).toBe('mounted');
      });
    });
  });
}
