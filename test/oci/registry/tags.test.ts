import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPage } from '../../../src/oci/registry/pages.ts';
import { storeImage } from '../../helpers/image.ts';
import { openScriptedRepository, openTestingRepository, repositoryName } from '../../helpers/repositories.ts';

const listPath = `/v2/${repositoryName}/tags/list`;

describe('the list of tags', () => {
  it('is read page by page', async () => {
    await using scene = await openTestingRepository({ behaviour: { pageSize: 3 } });
    const image = await storeImage(scene.repository, []);
    const tags = Array.from({ length: 10 }, (_, index) => `tag-${index}`);
    await scene.repository.setTags(tags.toReversed(), image);
    scene.registry.log.length = 0;
    expect(await scene.repository.tagNames()).toEqual(tags);
    expect(scene.registry.log.map(({ path }) => path)).toEqual(Array(4).fill(listPath));
    expect([...(await scene.repository.listTags())]).toEqual(tags.map((tag) => [tag, image]));
  });

  it('is empty for a repository that is not there', async () => {
    await using scene = await openTestingRepository();
    expect(await scene.repository.tagNames()).toEqual([]);
    expect(await scene.repository.listTags()).toEqual(new Map());
  });

  it('leaves out names that are no tags, and names each once', async () => {
    await using scene = await openScriptedRepository((_, response) => {
      response.end(JSON.stringify({ tags: ['b', '../../etc', 'a', '\u001b[31m', '', 'b', 'x'.repeat(129)] }));
    });
    expect(await scene.repository.tagNames()).toEqual(['a', 'b']);
  });

  it('may be null', async () => {
    await using scene = await openScriptedRepository((_, response) => response.end('{"tags":null}'));
    expect(await scene.repository.tagNames()).toEqual([]);
  });

  const invalid = [
    { body: '<html>', message: 'is not JSON' },
    { body: '{"tags":[1]}', message: 'tags.0: Invalid input: expected string, received number' },
  ];
  it.each(invalid)('is refused: $body', async ({ body, message }) => {
    await using scene = await openScriptedRepository((_, response) => response.end(body));
    await expect(scene.repository.tagNames()).rejects.toMatchObject({
      code: 'TAG_LIST_INVALID',
      exitStatus: 4,
      message: expect.stringMatching(`^the list of tags of ${scene.where}:? ${message}$`),
    });
  });

  const endless = [
    { name: 'in a circle', next: () => `${listPath}?n=1000`, problem: 'leads back to a page that was read' },
    { name: 'without end', next: (page: number) => `?last=${page}`, problem: 'has more than 1000 pages' },
    { name: 'nowhere', next: () => 'http://[', problem: 'goes on at no address' },
  ];
  it.each(endless)('is refused when it goes on $name', async ({ next, problem }) => {
    let page = 0;
    await using scene = await openScriptedRepository((_, response) => {
      page += 1;
      response.writeHead(200, { Link: `<${next(page)}>; rel="next"` }).end('{"tags":["a"]}');
    });
    await expect(scene.repository.tagNames()).rejects.toMatchObject({
      code: 'REGISTRY_ANSWER_INVALID',
      exitStatus: 4,
      message: `${scene.where}: the registry's answer is not as specified: the list of tags ${problem}`,
    });
  });

  it('is begun again when a page breaks off', async () => {
    await using scene = await openTestingRepository();
    await scene.repository.setTags(['stable'], await storeImage(scene.repository, []));
    scene.registry.inject({ match: { path: /tags\/list$/ }, fault: { kind: 'truncate', afterBytes: 5 } });
    expect(await scene.repository.tagNames()).toEqual(['stable']);
  });
});

describe('a Link header', () => {
  it.each([
    ['</v2/a?n=1>; rel="next"', '/v2/a?n=1'],
    ['</v2/a>; rel=next', '/v2/a'],
    ['<a>;rel=next;title="x"', 'a'],
    ['<a>; title="x"; rel="prev next"', 'a'],
    ['<a>; rel="prev", <b>; rel="next"', 'b'],
    ['<a,b;c>; REL="NEXT"', 'a,b;c'],
    ['<a>; rel="nextish"', undefined],
    ['<a>; rel="first"', undefined],
    ['<a>', undefined],
    ['a; rel="next"', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j leads to %j', (header, target) => {
    expect(nextPage(header)).toBe(target);
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', ';', ',', '"', '=', 'rel', 'next', ' ', 'a') }),
        (header) => {
          expect(header).toContain(nextPage(header) ?? '');
        },
      ),
    );
  });
});
