import { writeSync } from 'node:fs';

// Taken before connector code loads: what it does to the globals afterwards does not reach these.
export const parseJson = JSON.parse;
export const stringifyJson = JSON.stringify;
export const writeToFd = writeSync;
export const byteLength = Buffer.byteLength;
export const bufferFrom = Buffer.from;
export const PristineURL = URL;
export const PristineURLSearchParams = URLSearchParams;
export const exitNow: (code: number) => never = (
  process as unknown as { reallyExit(code: number): never }
).reallyExit.bind(process);

// Node loads these when they are first read, which takes longer than anything else at the start of a host; most never need them.
export const pristineRequest: () => typeof Request = whenRead('Request');
export const pristineResponse: () => typeof Response = whenRead('Response');

/** The global of now, whatever stands there by then. */
function whenRead<T>(name: string): () => T {
  const property = Object.getOwnPropertyDescriptor(globalThis, name);
  return () => (property?.get ? Reflect.apply(property.get, globalThis, []) : property?.value);
}
