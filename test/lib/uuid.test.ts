import fc from 'fast-check';
import { expect, it } from 'vitest';
import { digestOf } from '../../src/lib/digest.ts';
import { derivedUuid } from '../../src/lib/uuid.ts';

it('gives well-formed UUIDs of version 8 that depend on both parts', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (content, name, other) => {
      const uuid = derivedUuid(digestOf(content), name);
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(derivedUuid(digestOf(content), other) === uuid).toBe(name === other);
    }),
  );
});
