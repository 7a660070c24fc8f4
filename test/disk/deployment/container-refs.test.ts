import { expect, it } from 'vitest';
import { containerRef, escapedForRef, layerRef } from '../../../src/disk/deployment/container-refs.ts';

it.each([
  ['docker://quay.io/a/b:t', 'docker_3A__2F__2F_quay_2E_io/a/b_3A_t'],
  ['registry:quay.io/coreos/fedora:latest', 'registry_3A_quay_2E_io/coreos/fedora_3A_latest'],
  ['sha256:0a', 'sha256_3A_0a'],
  ['a_b-c', 'a__b-c'],
  ['/a//b/', '_2F_a/_2F_b_2F_'],
  ['ü', '_FC_'],
])('escapes %s as bootc does', (text, escaped) => {
  expect(escapedForRef(text)).toBe(escaped);
});

it.each([
  'ostree-unverified-registry:quay.io/a/b:t',
  'ostree-remote-registry:fedora:quay.io/a/b:t',
  'ostree-image-signed:docker://quay.io/a/b:t',
  'ostree-unverified-image:docker://quay.io/a/b:t',
  'ostree-remote-image:fedora:registry:quay.io/a/b:t',
])('names the container of %s without what it says of signatures', (reference) => {
  expect(containerRef(reference)).toBe('ostree/container/image/docker_3A__2F__2F_quay_2E_io/a/b_3A_t');
});

it('names a layer by its digest', () => {
  expect(layerRef('sha256:abc')).toBe('ostree/container/blob/sha256_3A_abc');
});
