/**
 * Random numbers that replay the same.
 *
 * Counter-based: the n-th draw of an execution depends on nothing but its id and n. The execution id is itself spread
 * evenly over 128 bits, so a mixing function in each half is enough.
 */

/** Two numbers of 64 bits. */
export interface Draw {
  readonly high: bigint;
  readonly low: bigint;
}

/** 2^64 divided by the golden ratio: steps of this size visit every number before repeating one. */
export const STEP = 0x9e37_79b9_7f4a_7c15n;

/** The draw number `index` of an execution, whose id is 32 hex digits. */
export function draw(executionId: string, index: number): Draw {
  const step = BigInt(index + 1) * STEP;
  const high = mix(bits(BigInt(`0x${executionId.slice(0, 16)}`) + step));
  return { high, low: mix(bits(BigInt(`0x${executionId.slice(16)}`) + step) ^ high) };
}

/** A number from 0 up to, not including, `end`. */
export function below({ high }: Draw, end: number): number {
  if (!Number.isSafeInteger(end) || end < 1) {
    throw new RangeError(`${end} is no whole number from 1 up to 2^53 - 1`);
  }
  return Number((high * BigInt(end)) >> 64n);
}

/** A number from 0 up to, not including, 1. */
export function unit({ high }: Draw): number {
  return Number(high >> 11n) / 2 ** 53;
}

/** A UUID of version 4. */
export function uuid({ high, low }: Draw): string {
  const first = hex((high & ~0xf000n) | 0x4000n);
  const last = hex((low & ~(3n << 62n)) | (2n << 62n));
  return [first.slice(0, 8), first.slice(8, 12), first.slice(12), last.slice(0, 4), last.slice(4)].join("-");
}

/** The finalizer of SplitMix64: a bijection whose every output bit depends on every input bit. */
export function mix(x: bigint): bigint {
  x = bits((x ^ (x >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
  x = bits((x ^ (x >> 27n)) * 0x94d0_49bb_1331_11ebn);
  return x ^ (x >> 31n);
}

/** The low 64 bits. `BigInt.asUintN` would do, but gives negative numbers in some versions of QuickJS. */
export function bits(x: bigint): bigint {
  return x & 0xffff_ffff_ffff_ffffn;
}

/** 64 bits that depend on all of a text: FNV-1a. */
export function hash(text: string): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (const letter of text) {
    hash = bits((hash ^ BigInt(letter.codePointAt(0) ?? 0)) * 0x100_0000_01b3n);
  }
  return hash;
}

/** 16 hex digits. */
export function hex(x: bigint): string {
  return x.toString(16).padStart(16, "0");
}
