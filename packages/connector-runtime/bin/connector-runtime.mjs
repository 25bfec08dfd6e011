#!/usr/bin/env node
// Checked in, so that installers can link the command before it is built.
import '../dist/cli.js';
