#!/usr/bin/env node
// Checked in, so that installers can link the command before it is built.
import './node-version.mjs';
import './compile-cache.mjs';

// Not a static import: that would be compiled before the line above runs.
await import('../dist/cli.js');
