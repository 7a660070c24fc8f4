import { describe, expect, it } from 'vitest';
import { layerContents } from '../../src/layers/contents.ts';
import type { Component } from '../../src/lib/component.ts';
import type { Tree } from '../../src/ostree/tree.ts';

const file = (name: string, size = 10) => ({
  checksum: name,
  size,
  symlinkTarget: '',
  uid: 0,
  gid: 0,
  mode: 0o100644,
  xattrs: [],
});

function treeOf(...paths: string[]): Tree {
  return {
    files: new Map(paths.map((path) => [path, file(path)])),
    directories: new Map(),
    metadata: [],
    root: { dirtree: '', dirmeta: '' },
  };
}

const part = (name: string, paths: string[], packages: string[] = []): Component => ({
  name,
  packages,
  changed: 1,
  paths,
});

describe('layerContents', () => {
  it('names a layer by its packages, and a generated part by itself', () => {
    const components = [part('glibc', ['/a'], ['libc-bin', 'libc6']), part('overlay/05core', ['/b'])];
    expect(layerContents({ tree: treeOf('/a', '/b'), components, previous: [], maxLayers: 3 })).toEqual([
      { components: ['libc-bin', 'libc6'], paths: ['/a'] },
      { components: ['overlay/05core'], paths: ['/b'] },
    ]);
  });

  it('gives a path that several claim to the first by name, and leaves out what is not in the tree', () => {
    const components = [
      part('b', ['/shared', '/b', '/removed']),
      part('a', ['/shared', '/shared']),
      part('c', ['/shared']),
    ];
    const tree = treeOf('/shared', '/b', '/nobody');
    expect(layerContents({ tree, components, previous: [], maxLayers: 9 })).toEqual([
      { components: ['a'], paths: ['/shared'] },
      { components: ['b'], paths: ['/b'] },
    ]);
  });

  it('recognises a component in the previous image by any of its packages', () => {
    const components = [
      part('linux', ['/k'], ['linux-image-6.13', 'linux-libc-dev']),
      part('a', ['/a']),
      part('b', ['/b']),
    ];
    const previous = [[], ['b', 'gone'], ['a', 'linux-image-6.12', 'linux-libc-dev']];
    const layers = layerContents({ tree: treeOf('/k', '/a', '/b'), components, previous, maxLayers: 3 });
    expect(layers.map((layer) => layer.components)).toEqual([['b'], ['a', 'linux-image-6.13', 'linux-libc-dev']]);
  });

  it('counts layer 0 in the limit', () => {
    const components = ['a', 'b', 'c', 'd'].map((name) => part(name, [`/${name}`]));
    const tree = treeOf('/a', '/b', '/c', '/d');
    expect(layerContents({ tree, components, previous: [], maxLayers: 3 })).toHaveLength(2);
  });
});
