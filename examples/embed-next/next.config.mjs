import { fileURLToPath } from 'node:url';

/** @type {import('next').NextConfig} */
export default {
  // Types are checked by this repository's tsc, with the whole workspace.
  typescript: { ignoreBuildErrors: true },
  // Where the lockfile and the packages are.
  turbopack: { root: fileURLToPath(new URL('../..', import.meta.url)) },
};
