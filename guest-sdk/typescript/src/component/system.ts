/** What an activity reaches of its system. Orchestrations do not use it. */

import { getEnvironment } from "wasi:cli/environment@0.2.0";
import { getStderr } from "wasi:cli/stderr@0.2.0";
import { getStdout } from "wasi:cli/stdout@0.2.0";
import { getRandomBytes } from "wasi:random/random@0.2.0";

import { uuid } from "../draws.js";
import { text } from "../wire.js";

/** So many bytes may be written at once, by WASI's rules. */
const WRITE_BYTES_MAX = 4096;

/** The environment variables that the deployment grants. */
export function environment(): Record<string, string> {
  return Object.fromEntries(getEnvironment()) as Record<string, string>;
}

/** Writes a line to standard output, or to standard error. */
export function print(line: string, isError: boolean): void {
  const bytes = utf8(`${line}\n`);
  const stream = isError ? getStderr() : getStdout();
  for (let start = 0; start < bytes.length; start += WRITE_BYTES_MAX) {
    stream.blockingWriteAndFlush(bytes.slice(start, start + WRITE_BYTES_MAX));
  }
}

/** The host's own randomness. */
export const crypto = {
  getRandomValues<T extends { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }>(array: T): T {
    new Uint8Array(array.buffer, array.byteOffset, array.byteLength).set(getRandomBytes(array.byteLength));
    return array;
  },
  randomUUID(): string {
    return uuid({ high: bits(), low: bits() });
  },
};

/** From 0 up to, not including, 1. */
export function random(): number {
  return Number(bits() >> 11n) / 2 ** 53;
}

function bits(): bigint {
  return getRandomBytes(8).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function utf8(line: string): Uint8Array {
  const bytes: number[] = [];
  for (const letter of text(line)) {
    const point = letter.codePointAt(0) ?? 0;
    const more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x1_0000 ? 2 : 3;
    const mark = [0, 0xc0, 0xe0, 0xf0][more] ?? 0;
    bytes.push(mark | (point >> (6 * more)));
    for (let rest = more - 1; rest >= 0; rest--) {
      bytes.push(0x80 | ((point >> (6 * rest)) & 0x3f));
    }
  }
  return Uint8Array.from(bytes);
}
