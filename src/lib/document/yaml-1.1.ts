import type { Scalar } from 'yaml';
import type { PlainDataOptions } from './plain-data.ts';

/** https://yaml.org/type/bool.html, without the single letters, which PyYAML does not take. */
const truths = /^(?:yes|true|on)$/i;
const bools = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
/** https://yaml.org/type/int.html */
const integers = [
  { form: /^([-+]?)0b([01_]+)$/, base: 2 },
  { form: /^([-+]?)0x([\da-fA-F_]+)$/, base: 16 },
  { form: /^([-+]?)0([0-7_]+)$/, base: 8 },
  { form: /^([-+]?)(0|[1-9][\d_]*)$/, base: 10 },
];
/** https://yaml.org/type/float.html: the exponent has its sign, and there is a dot. */
const decimal = /^(?:[-+]?\d[\d_]*\.[\d_]*|\.\d[\d_]*)(?:[eE][-+]\d+)?$/;
const sexagesimal = /^([-+]?)([1-9][\d_]*(?::[0-5]?\d)+|\d[\d_]*(?::[0-5]?\d)+\.[\d_]*)$/;

/**
 * The value of a scalar as PyYAML reads it: `yes`, `no`, `on` and `off` are true and false, `010` is eight, `1:30` ninety,
 * `1_000` a thousand, and `1e3` and `0o17` are texts. Dates stay texts, which PyYAML has values of their own for.
 */
function yaml11Scalar({ type, tag, source, value }: Scalar): unknown {
  if (type !== 'PLAIN' || tag !== undefined || source === undefined) return value;
  if (bools.test(source)) return truths.test(source);
  for (const { form, base } of integers) {
    const [, sign, digits = ''] = form.exec(source) ?? [];
    const number = Number.parseInt(digits.replaceAll('_', ''), base);
    if (sign !== undefined && !Number.isNaN(number)) return sign === '-' ? 0 - number : number;
  }
  if (decimal.test(source)) return Number(source.replaceAll('_', ''));
  const [, sign, places] = sexagesimal.exec(source) ?? [];
  if (places !== undefined) {
    const number = places
      .replaceAll('_', '')
      .split(':')
      .reduce((total, place) => total * 60 + Number(place), 0);
    return sign === '-' ? 0 - number : number;
  }
  return typeof value === 'number' && Number.isFinite(value) ? source : value;
}

/** How PyYAML reads a document. */
export const asPyYaml = { scalarValue: yaml11Scalar, mergesMaps: true } as const satisfies PlainDataOptions;
