import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { containerPaths } from '../../contract/paths.ts';
import type { LintedContainer } from '../container.ts';
import type { Rule } from '../rule.ts';

const kargsDirectory = 'usr/lib/bootc/kargs.d';
const modules = 'usr/lib/modules';

/** https://bootc-dev.github.io/bootc/building/kernel-arguments.html */
const kargsSchema = z.strictObject({
  kargs: z.array(z.string()),
  'match-architectures': z.array(z.string()).optional(),
});

/** The releases of the kernels that are there. */
function kernels(container: LintedContainer): string[] {
  return container.names(modules).filter((name) => container.get(`${modules}/${name}/vmlinuz`)?.type === 'file');
}

/** What a system boots by. */
export const bootRules: readonly Rule[] = [
  {
    name: 'kernel',
    level: 'error',
    source: 'bootc',
    claim: 'there is one kernel, in /usr/lib/modules',
    advice: 'install exactly one kernel package, whose kernel is /usr/lib/modules/RELEASE/vmlinuz',
    check: (container) => {
      const found = kernels(container);
      if (found.length === 1) return [];
      return found.length === 0 ? ['there is no kernel'] : [`there are ${found.length}: ${found.join(', ')}`];
    },
  },
  {
    name: 'initramfs',
    level: 'error',
    source: 'cosa',
    claim: 'each kernel has its initramfs beside it',
    advice: 'make it with dracut, as /usr/lib/modules/RELEASE/initramfs.img',
    check: (container) =>
      kernels(container).flatMap((release) => {
        const path = `${modules}/${release}/initramfs.img`;
        return container.get(path)?.type === 'file' ? [] : [`/${path} is missing`];
      }),
  },
  {
    name: 'bootc-kargs',
    level: 'error',
    source: 'bootc',
    claim: 'the files of /usr/lib/bootc/kargs.d can be read',
    advice: 'write kargs = ["…"], and match-architectures = ["…"] if need be, and nothing else',
    check: (container) =>
      container.names(kargsDirectory).flatMap((name) => {
        if (!name.endsWith('.toml')) return [];
        const path = `${kargsDirectory}/${name}`;
        const problem = kargsProblem(container.text(path));
        return problem === undefined ? [] : [`/${path}: ${problem}`];
      }),
  },
  {
    name: 'baseimage-composefs',
    level: 'warning',
    source: 'bootc',
    claim: 'composefs is enabled in prepare-root.conf',
    advice:
      'enable it once all machines can boot with it: [composefs] enabled = yes in /usr/lib/ostree/prepare-root.conf',
    check: (container) => {
      const text = ['etc', 'usr/lib'].map((place) => container.text(`${place}/ostree/prepare-root.conf`)).find(Boolean);
      if (text === undefined) return ['there is no /usr/lib/ostree/prepare-root.conf'];
      const section = /^\[composefs\]\s*$([^[]*)/m.exec(text)?.[1] ?? '';
      return /^\s*enabled\s*=\s*(?:true|yes|1|maybe|signed|verity)\s*$/m.test(section) ? [] : ['it is not enabled'];
    },
  },
  {
    name: 'disk-files',
    level: 'warning',
    source: 'cosa',
    claim: 'the container has what "cosa image build" makes disks of',
    advice: 'build the container with "cosa ostree build", which puts image.json and signed boot loaders into it',
    check: (container) => {
      const efi = `${containerPaths.bootLoaders.slice(1)}/efi/EFI/BOOT`;
      const loaders = container.names(efi).filter((name) => /^BOOT\w+\.EFI$/.test(name));
      const description = containerPaths.imageConfig.slice(1);
      return [
        ...(container.get(description)?.type === 'file' ? [] : [`/${description} is missing`]),
        ...(loaders.length > 0 ? [] : [`/${efi} has no boot loader`]),
      ];
    },
  },
  {
    name: 'labels',
    level: 'warning',
    source: 'cosa',
    claim: 'labels say that the container can be booted',
    advice: 'set the label containers.bootc=1: tools look for it before they install a container',
    check: ({ labels }) => (labels['containers.bootc'] === '1' ? [] : ['the label containers.bootc is not 1']),
  },
];

function kargsProblem(text: string | undefined): string | undefined {
  if (text === undefined) return 'it is no file, or too large';
  try {
    const parsed = kargsSchema.safeParse(parse(text));
    if (parsed.success) return undefined;
    const [issue] = parsed.error.issues;
    return [issue?.path.join('.'), issue?.message].filter((part) => part !== undefined && part !== '').join(': ');
  } catch (error) {
    if (error instanceof TomlError) return error.message.split('\n')[0];
    throw error;
  }
}
