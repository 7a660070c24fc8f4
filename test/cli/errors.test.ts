import { describe, expect, test } from 'vitest';
import { errorJson, errorText, presentable } from '../../src/cli/errors.ts';
import { plainStyle } from '../../src/cli/render/style.ts';
import { CosaError, usageError } from '../../src/lib/errors.ts';
import { exitStatus } from '../../src/lib/exit-status.ts';

function systemError(code: string, errno: number, path?: string): Error {
  const error = new Error(`${code}: as node words it`);
  return Object.assign(error, { code, errno, syscall: 'open', ...(path === undefined ? {} : { path }) });
}

describe('errors as people see them', () => {
  test('position, message and hint', () => {
    const error = usageError('CONFIG_UNKNOWN_KEY', 'unknown key "rootsf"', {
      where: { file: 'image.yaml', line: 3, column: 1 },
      hint: 'did you mean "rootfs"?',
    });
    expect(errorText(presentable(error), plainStyle, false)).toBe(
      'error: image.yaml:3:1: unknown key "rootsf"\nhint: did you mean "rootfs"?',
    );
  });

  test('causes are told with --verbose alone', () => {
    const error = new CosaError('LAYER_ENTRY', 'cannot read the layer', {
      cause: new CosaError('TAR_TRUNCATED', 'it is short'),
    });
    expect(errorText(error, plainStyle, false)).toBe('error: cannot read the layer');
    expect(errorText(error, plainStyle, true)).toBe(
      'error: cannot read the layer\ncaused by: it is short (TAR_TRUNCATED)',
    );
  });

  test('control characters in a message do not reach the terminal', () => {
    const error = new CosaError('LAYER_PATH', `the entry "\u001b]0;owned\u0007" is not allowed`);
    expect(errorText(error, plainStyle, true)).toBe('error: the entry "\\x1b]0;owned\\x07" is not allowed');
  });

  test('a full disk, however deep, names the path', () => {
    const full = systemError('ENOSPC', -28, '/os/oci/blobs/x');
    const error = presentable(new CosaError('TOOL_FAILED', 'the blob could not be kept', { cause: full }));
    expect({ code: error.code, message: error.message, status: error.exitStatus }).toEqual({
      code: 'DISK_FULL',
      message: 'the disk is full: cannot write /os/oci/blobs/x',
      status: exitStatus.failed,
    });
    expect(error.hint).toContain('make room');
  });

  test('a full disk that a program reports is told as such', () => {
    const error = presentable(new CosaError('TOOL_FAILED', 'mke2fs: exit status 1\nwrite: No space left on device'));
    expect(error.code).toBe('DISK_FULL');
    expect(error.message).toBe('the disk is full\nmke2fs: exit status 1\nwrite: No space left on device');
  });

  test('an error of the system names what was tried', () => {
    const error = presentable(systemError('EACCES', -13, '/os/cache'));
    expect({ code: error.code, message: error.message }).toEqual({
      code: 'SYSTEM',
      message: 'permission denied: open /os/cache',
    });
  });

  test.each([new TypeError('x is not a function'), 'a string', undefined])(
    'all else is a bug of ours: %s',
    (thrown) => {
      const error = presentable(thrown);
      expect(error.code).toBe('INTERNAL');
      expect(error.message).toMatch(/^internal error: /);
      expect(error.hint).toContain('bug in cosa');
      expect(error.exitStatus).toBe(exitStatus.failed);
    },
  );

  test('as JSON', () => {
    const error = usageError('CONFIG_UNKNOWN_KEY', 'unknown key', { where: { file: 'a.yaml', line: 1 } });
    expect(errorJson(error)).toEqual({
      error: {
        code: 'CONFIG_UNKNOWN_KEY',
        message: 'unknown key',
        hint: undefined,
        where: { file: 'a.yaml', line: 1 },
      },
    });
  });
});
