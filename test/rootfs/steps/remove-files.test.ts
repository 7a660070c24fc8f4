import { describe, expect, it } from 'vitest';
import { removeFiles, removeFromPackages } from '../../../src/rootfs/steps/remove-files.ts';
import { contextFor, readTree, writeTree } from '../support.ts';

describe('removeFiles', () => {
  it('removes files and directories, through links of the root, and nothing that is not there', async () => {
    const root = await writeTree({
      'usr/share/doc/a/b': '',
      'usr/lib/x': '',
      'usr/lib/y': '',
      'usr/link': { link: 'lib' },
      lib: { link: 'usr/lib' },
    });
    const paths = ['/usr/share', 'lib/x', '/usr/link', '/not/there', '/usr/lib/y/below'];
    await removeFiles.run(contextFor(root, { removeFiles: paths }));
    expect(await readTree(root)).toMatchObject({ '/lib': '→ usr/lib', '/usr/lib/y': '' });
    expect(Object.keys(await readTree(root))).toEqual(['/lib', '/usr/', '/usr/lib/', '/usr/lib/y']);
  });

  it('removes a link and not what it points to, nor anything outside', async () => {
    const outside = await writeTree({ 'keep/file': 'x' });
    const root = await writeTree({ link: { link: `${outside}/keep` } });
    await removeFiles.run(contextFor(root, { removeFiles: ['/link/file', '/../..//link'] }));
    expect(await readTree(outside)).toMatchObject({ '/keep/file': 'x' });
    expect(await readTree(root)).toEqual({});
  });

  it.each(['/', '', '/..', '.'])('refuses to remove "%s"', async (path) => {
    const root = await writeTree({ file: '' });
    await expect(removeFiles.run(contextFor(root, { removeFiles: [path] }))).rejects.toMatchObject({
      code: 'REMOVE_ROOT',
      exitStatus: 2,
      message: `remove-files: "${path}" is the root itself`,
    });
  });
});

describe('removeFromPackages', () => {
  const packages = [
    // Two packages of one name: of two versions, or two architectures.
    { name: 'docs', paths: ['/usr/share/doc/a', '/usr/share/docs'] },
    { name: 'docs', paths: ['/usr/share/doc/b'] },
    { name: 'tool', paths: ['/usr/bin/tool', '/usr/bin/tool-helper'] },
  ];

  it('removes what a package owns and a pattern is found in', async () => {
    const root = await writeTree({
      'usr/share/doc/a': '',
      'usr/share/doc/b': '',
      'usr/share/doc/c': 'of nobody',
      'usr/share/docs': '',
      'usr/bin/tool': '',
      'usr/bin/tool-helper': '',
    });
    const removeFrom = [
      { package: 'docs', patterns: ['share/doc/'] },
      { package: 'tool', patterns: ['/usr/bin/tool$', 'nothing'] },
      { package: 'tol', patterns: ['.*'] },
    ];
    const context = contextFor(root, { packages, removeFromPackages: removeFrom });
    await removeFromPackages.run(context);
    const files = Object.keys(await readTree(root)).filter((path) => !path.endsWith('/'));
    expect(files).toEqual(['/usr/bin/tool-helper', '/usr/share/doc/c', '/usr/share/docs']);
    expect(context.lines).toEqual([
      'remove-from-packages: nothing matches nothing',
      'remove-from-packages: tol is not installed',
    ]);
  });

  it('takes what lies in a directory that matches from this package alone', async () => {
    const root = await writeTree({
      'usr/share/x/a': '',
      'usr/share/x/b': '',
      'usr/share/y/a': '',
      'etc/tool.conf': '',
    });
    const owned = [
      { name: 'tool', paths: ['/usr/share/x/a', '/usr/share/y/a', '/etc/tool.conf'] },
      { name: 'other', paths: ['/usr/share/x/b'] },
    ];
    const removal = { package: 'tool', patterns: ['^/usr/share/[xy]$', '\\A(?i)/usr/ETC/'] };
    await removeFromPackages.run(contextFor(root, { packages: owned, removeFromPackages: [removal] }));
    const files = Object.keys(await readTree(root)).filter((path) => !path.endsWith('/'));
    expect(files).toEqual(['/usr/share/x/b']);
  });

  it('ends a search that would take days', async () => {
    const path = `/usr/share/${'a'.repeat(60)}`;
    const packed = [{ name: 'tool', paths: [path] }];
    const removal = { package: 'tool', patterns: ['(a+)+$b'] };
    const context = contextFor(await writeTree({}), { packages: packed, removeFromPackages: [removal] });
    await expect(removeFromPackages.run(context)).rejects.toMatchObject({
      code: 'REMOVE_PATTERN',
      exitStatus: 2,
      message: `remove-from-packages: to look for "(a+)+$b" in ${path} takes far too long`,
    });
  });

  it.each([
    [
      { package: 'tool', patterns: ['(/usr'] },
      'REMOVE_PATTERN',
      'remove-from-packages: "(/usr" is not a regular expression',
      'it is searched for in paths such as /usr/share/locale/de',
    ],
  ])('refuses %j', async (removal, code, message, hint) => {
    const context = contextFor(await writeTree({}), { packages, removeFromPackages: [removal] });
    await expect(removeFromPackages.run(context)).rejects.toMatchObject({ code, message, hint, exitStatus: 2 });
  });
});
