import { type Node, parse } from 'acorn';
import { CliError } from '../errors.ts';

/** Ways to a builtin that are no import. `binding` is one only of `process`: many things have a member of that name. */
const DOORS: ReadonlySet<string> = new Set(['getBuiltinModule', '_linkedBinding', 'dlopen']);
const PROCESS_DOORS: ReadonlySet<string> = new Set([...DOORS, 'binding']);

/**
 * Looks through a bundle for ways around its imports: `process.getBuiltinModule`, `process.binding` and their like, and
 * `import()` of what only run time knows. It reads names that are written in the code. A name put together at run time
 * is not seen here: the isolated host refuses the builtin whatever way it is reached.
 * @throws CliError `BUILD_BUILTIN_DENIED`, `BUILD_IMPORT_UNKNOWN`, naming the module and the line.
 */
export function refuseRuntimeAccess(code: string): void {
  const tree = parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
  const nodes = [...listNodes(tree)];
  const process = new Set(['process', ...nodes.flatMap(namesOfProcess)]);
  for (const node of nodes) refuseNode(node, process, code);
}

function* listNodes(tree: Node): Iterable<SyntaxNode> {
  const open: unknown[] = [tree];
  while (open.length > 0) {
    const value = open.pop();
    if (Array.isArray(value)) open.push(...value);
    if (!isNode(value)) continue;
    yield value;
    for (const child of Object.values(value)) open.push(child);
  }
}

/** What a node names `process`: an import of it, or a variable that is given it. Scopes are not looked at. */
function namesOfProcess(node: SyntaxNode): string[] {
  if (node.type === 'ImportDeclaration' && isNode(node.source) && textOf(node.source) === 'node:process') {
    const specifiers: unknown[] = Array.isArray(node.specifiers) ? node.specifiers : [];
    return specifiers.filter(isNode).flatMap(({ local }) => nameOf(local, false) ?? []);
  }
  const isAlias = node.type === 'VariableDeclarator' && isProcess(node.init, new Set(['process']));
  return isAlias ? [nameOf(node.id, false) ?? 'process'] : [];
}

function refuseNode(node: SyntaxNode, process: ReadonlySet<string>, code: string): void {
  if (node.type === 'ImportExpression' && !isText(node.source)) {
    const what = 'imports what only run time knows; import modules by a literal name, so that they can be bundled';
    throw new CliError('BUILD_IMPORT_UNKNOWN', `${placeOf(node, code)} ${what}`, {
      details: { place: placeOf(node, code) },
    });
  }
  const door = doorOf(node, process);
  if (door === undefined) return;
  const what = `reaches for ${door}, which gives Node builtins that connectors may not use; remove it`;
  throw new CliError(
    'BUILD_BUILTIN_DENIED',
    `${placeOf(node, code)} ${what}. (The isolated host refuses it as well, also under a name that is not in the code)`,
    { details: { builtin: door, place: placeOf(node, code) } },
  );
}

/** The forbidden member that a node takes: `process.binding`, `p['getBuiltinModule']`, `const { dlopen } = p`. */
function doorOf(node: SyntaxNode, process: ReadonlySet<string>): string | undefined {
  if (node.type === 'ImportSpecifier') {
    const name = nameOf(node.imported, false);
    return name !== undefined && DOORS.has(name) ? name : undefined;
  }
  if (node.type === 'MemberExpression') {
    const name = nameOf(node.property, node.computed === true);
    return name !== undefined && (isProcess(node.object, process) ? PROCESS_DOORS : DOORS).has(name) ? name : undefined;
  }
  if (node.type === 'VariableDeclarator' && isNode(node.id) && node.id.type === 'ObjectPattern') {
    return takenFrom(node.id, isProcess(node.init, process) ? PROCESS_DOORS : DOORS);
  }
  return node.type === 'ObjectPattern' ? takenFrom(node, DOORS) : undefined;
}

function takenFrom({ properties }: SyntaxNode, doors: ReadonlySet<string>): string | undefined {
  const names = Array.isArray(properties)
    ? properties.map((property) => (isNode(property) ? nameOf(property.key, property.computed === true) : undefined))
    : [];
  return names.find((name) => name !== undefined && doors.has(name));
}

/** `process` by one of its names, or as a member of anything. */
function isProcess(value: unknown, names: ReadonlySet<string>): boolean {
  if (!isNode(value)) return false;
  if (value.type === 'MemberExpression') return nameOf(value.property, value.computed === true) === 'process';
  return names.has(nameOf(value, false) ?? '');
}

function nameOf(value: unknown, computed: boolean): string | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === 'Identifier' && !computed) return String(value.name);
  return isText(value) ? textOf(value) : undefined;
}

function isText(value: unknown): boolean {
  return isNode(value) && textOf(value) !== undefined;
}

function textOf(node: SyntaxNode): string | undefined {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  const [quasi, ...more] = node.type === 'TemplateLiteral' && Array.isArray(node.quasis) ? node.quasis : [];
  const text: unknown = more.length === 0 && isNode(quasi) ? quasi.value : undefined;
  return typeof text === 'object' && text !== null && 'cooked' in text ? String(text.cooked) : undefined;
}

type SyntaxNode = Node & Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

/** The module that a place in a bundle is from, by the comment above it, with the line in the bundle. */
function placeOf(node: SyntaxNode, code: string): string {
  const above = code.slice(0, node.start);
  const module = [...above.matchAll(/^\/\/ (\S+)$/gm)].at(-1)?.[1] ?? 'The connector';
  return `${module} (line ${above.split('\n').length} of the bundle)`;
}
