import { afterEach, expect, test, vi } from 'vitest';
import { openGate } from '../../../src/exec/sandbox/gate.ts';
import { openUserNamespace } from '../../../src/exec/sandbox/user-namespace.ts';
import { which } from '../../../src/exec/which.ts';

vi.mock('../../../src/exec/which.ts');
vi.mock('../../../src/exec/sandbox/user-namespace.ts');
// Whatever this machine has registered.
vi.mock('../../../src/lib/files.ts', async (original) => ({
  ...(await original<typeof import('../../../src/lib/files.ts')>()),
  namesIn: async () => [],
}));

afterEach(() => vi.resetAllMocks());

/** A namespace of a kernel that makes no rules for it. */
function withoutRules() {
  const namespace = { descriptor: 0, hasRule: false, [Symbol.asyncDispose]: vi.fn(async () => undefined) };
  vi.mocked(openUserNamespace).mockResolvedValue(namespace);
  return namespace;
}

test('without an emulator, the error names the package', async () => {
  const namespace = withoutRules();
  await expect(openGate('aarch64')).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    exitStatus: 3,
    message: 'the program "qemu-aarch64-static" is not installed; cosa runs the programs of aarch64 containers with it',
    hint: 'apt-get install qemu-user-static   (Fedora: dnf install qemu-user-static-aarch64)',
  });
  expect(namespace[Symbol.asyncDispose]).toHaveBeenCalled();
});

test('on a kernel without rules of a namespace, the error says what root can do', async () => {
  withoutRules();
  vi.mocked(which).mockResolvedValue('/usr/bin/qemu-aarch64-static');
  await expect(openGate('aarch64')).rejects.toMatchObject({
    code: 'EMULATION_MISSING',
    exitStatus: 3,
    message:
      "this machine's kernel does not run programs for aarch64: it has no rule for them, and lets nobody but root make one",
    hint: 'as root: apt-get install qemu-user-static binfmt-support, which makes one; or use Linux 6.7 or newer',
  });
});
