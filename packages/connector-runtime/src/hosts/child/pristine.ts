import { writeSync } from 'node:fs';

// Taken before connector code loads: what it does to the globals afterwards does not reach these.
export const parseJson = JSON.parse;
export const stringifyJson = JSON.stringify;
export const writeToFd = writeSync;
export const byteLength = Buffer.byteLength;
export const bufferFrom = Buffer.from;
export const PristineRequest: typeof Request = Request;
export const PristineResponse: typeof Response = Response;
export const PristineURL = URL;
export const PristineURLSearchParams = URLSearchParams;
export const PristineHeaders: typeof Headers = Headers;
export const exitNow: (code: number) => never = (
  process as unknown as { reallyExit(code: number): never }
).reallyExit.bind(process);
