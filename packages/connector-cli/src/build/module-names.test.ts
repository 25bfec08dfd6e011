import { expect, it } from 'vitest';
import { nameModules } from './module-names.ts';

const module = (path: string, name: string) => ({
  path,
  name,
  package: 'p',
  version: '1.0.0',
  license: 'MIT',
  bytes: 1,
  sha256: '',
});

it('replaces the paths that the bundler wrote and nothing that only looks like one', () => {
  const modules = [module('../../x/node_modules/p/a.js', 'p/a.js'), module('../../x/node_modules/p/b.cjs', 'p/b.cjs')];
  const code = [
    '// ../../x/node_modules/p/a.js',
    'const text = "// ../../x/node_modules/p/a.js";',
    'var require_b = __commonJS({',
    '  "../../x/node_modules/p/b.cjs"(exports, module) {',
    '    use("../../x/node_modules/p/b.cjs");',
    '// a comment of the author',
  ];
  expect(nameModules(code.join('\n'), modules).split('\n')).toEqual([
    '// p/a.js',
    code[1],
    code[2],
    '  "p/b.cjs"(exports, module) {',
    code[4],
    code[5],
  ]);
});
