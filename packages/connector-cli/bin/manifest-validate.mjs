#!/usr/bin/env node
// `connector validate` under a name of its own; see connector.mjs.
import './node-version.mjs';
import './compile-cache.mjs';

await import('../dist/manifest-validate.js');
