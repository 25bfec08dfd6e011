import { type ChangeClass, type ChangeKind, changeKinds } from './change-kinds.ts';

/** Where in a manifest, from its top. */
export type Path = readonly (string | number)[];

/** One difference between two manifests of a connector. */
export interface Change {
  /** Stable. */
  readonly kind: ChangeKind;
  readonly class: ChangeClass;
  /** True when somebody who answers for security should look at it, whatever its class. */
  readonly security: boolean;
  /** JSON pointer (RFC 6901): into the new manifest, or into the old one for what was removed. */
  readonly path: string;
  /** Absent when there was nothing. */
  readonly before?: unknown;
  /** Absent when there is nothing any more. */
  readonly after?: unknown;
  /** What changed, on what. It quotes the manifests, which are text from outside. */
  readonly message: string;
  /** Why it has its class. */
  readonly why: string;
}

/** A change of a kind; what the kind says about class, security and why is filled in. */
export function toChange(kind: ChangeKind, path: Path, before: unknown, after: unknown, message: string): Change {
  return {
    kind,
    ...changeKinds[kind],
    path: toPointer(path),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    message,
  };
}

function toPointer(path: Path): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
