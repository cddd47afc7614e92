// As much of WASI as `wit/world.wit` imports.

declare module "wasi:cli/environment@0.2.0" {
  export function getEnvironment(): [string, string][];
}

declare module "wasi:cli/stdout@0.2.0" {
  export function getStdout(): import("wasi:io/streams@0.2.0").OutputStream;
}

declare module "wasi:cli/stderr@0.2.0" {
  export function getStderr(): import("wasi:io/streams@0.2.0").OutputStream;
}

declare module "wasi:io/streams@0.2.0" {
  export interface OutputStream {
    /** At most 4096 bytes. */
    blockingWriteAndFlush(contents: Uint8Array): void;
  }
}

declare module "wasi:random/random@0.2.0" {
  export function getRandomBytes(length: number): Uint8Array;
}
