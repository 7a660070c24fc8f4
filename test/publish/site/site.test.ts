import { describe, expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { pageNames } from '../../../src/publish/site/names.ts';
import { siteDocuments } from '../../../src/publish/site/site.ts';
import { manyBuilds, syntheticBuild, syntheticModel } from './synthetic-model.ts';

describe('pageNames', () => {
  it('calls a build by its version and architecture, and two of one name apart', () => {
    const [newest, older, other] = [
      syntheticBuild({ version: '1.0', digest: digestOf('a') }),
      syntheticBuild({ version: '1.0', digest: digestOf('b') }),
      syntheticBuild({ version: '1.0', architecture: 'arm64' }),
    ];
    const names = pageNames(syntheticModel([newest, older, other]));
    expect([newest, older, other].map(names.build)).toEqual([
      'builds/1.0.amd64.html',
      `builds/1.0.amd64.${older.digest.slice(7, 19)}.html`,
      'builds/1.0.arm64.html',
    ]);
  });

  it.each([
    ['a path', '../../etc/passwd'],
    ['a hidden file', '.htaccess'],
    ['an empty name', ''],
    ['a long name', 'a'.repeat(200)],
    ['another script', 'версия'],
    ['markup', '"><script>'],
    ['a control character', '1\n0'],
  ])('calls a build by its digest whose version is %s', (_what, version) => {
    const build = syntheticBuild({ version });
    expect(pageNames(syntheticModel([build])).build(build)).toBe(`builds/${build.digest.slice(7, 19)}.html`);
  });

  it('keeps names apart that differ in case alone, and one that looks like another’s way out', () => {
    const lower = syntheticBuild({ version: '1.a', digest: digestOf('lower') });
    const upper = syntheticBuild({ version: '1.A', digest: digestOf('upper') });
    const taken = syntheticBuild({ version: `1.A.amd64.${upper.digest.slice(7, 19)}`, architecture: 'x' });
    const thief = syntheticBuild({ version: '1.A', architecture: `amd64.${upper.digest.slice(7, 19)}` });
    const builds = [lower, thief, taken, upper];
    const paths = builds.map(pageNames(syntheticModel(builds)).build);
    expect(new Set(paths.map((path) => path.toLowerCase())).size).toBe(4);
  });
});

describe('siteDocuments', () => {
  it('makes a page of everything, each with links that lead somewhere', () => {
    const documents = siteDocuments(syntheticModel(manyBuilds(30)));
    const paths = new Set(documents.keys());
    expect(paths.size).toBe(30 + 1 + 1 + 1 + 2);
    for (const [path, { text }] of documents) {
      if (!path.endsWith('.html')) continue;
      for (const [, href = ''] of text().matchAll(/ href="([^"#]+)"/g)) {
        if (href.startsWith('https://git.example.com/')) continue;
        expect(paths).toContain(new URL(href, `https://x/${path}`).pathname.slice(1));
      }
    }
  });

  it('has each name of a place on a page once, so that links within it lead there', () => {
    const [newest] = manyBuilds(2);
    const model = syntheticModel(newest === undefined ? [] : [newest], {
      repository: 'docker://registry.example.com/os',
    });
    for (const { text } of siteDocuments(model).values()) {
      const page = text();
      const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const [, target] of page.matchAll(/ href="#([^"]*)"/g)) expect(ids).toContain(target);
    }
  });

  it('gives the same bytes for the same builds', () => {
    const [a, b] = [siteDocuments(syntheticModel(manyBuilds(5))), siteDocuments(syntheticModel(manyBuilds(5)))];
    expect([...a].map(([path, { text }]) => [path, text()])).toEqual([...b].map(([path, { text }]) => [path, text()]));
  });

  it('lists two thousand builds on a page, and the rest on others', () => {
    const builds = Array.from({ length: 4001 }, (_, number) => syntheticBuild({ version: `1.${number}` }));
    const documents = siteDocuments(syntheticModel(builds));
    const rows = ['builds.html', 'builds-2.html', 'builds-3.html'].map(
      (path) =>
        documents
          .get(path)
          ?.text()
          .match(/<tr><th scope="row">/g)?.length,
    );
    expect(rows).toEqual([2000, 2000, 1]);
    expect(documents.has('builds-4.html')).toBe(false);
  });

  it('says that there is nothing where there is nothing', () => {
    const text = siteDocuments(syntheticModel([], { streams: [] }))
      .get('index.html')
      ?.text();
    expect(text).toContain('There is no build yet.');
  });
});
