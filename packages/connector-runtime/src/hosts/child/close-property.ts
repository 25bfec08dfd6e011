import { denied } from './host-error.ts';

/** Replaces a function by one that denies, and any other value by none. Neither can be put back. */
export function close(owner: object, name: string): void {
  const property = Object.getOwnPropertyDescriptor(owner, name);
  if (!property?.configurable) {
    if (property?.writable) Reflect.set(owner, name, undefined);
    return;
  }
  // Also for `new`.
  const deny = function deny(): never {
    return closed(name);
  };
  if (typeof property.value === 'function') {
    Object.defineProperty(owner, name, { value: deny, writable: false, configurable: false });
  } else if (name === 'report') {
    // No getter: the first import of node:process reads all of its properties.
    Object.defineProperty(owner, name, { value: { getReport: deny, writeReport: deny }, writable: false });
  } else {
    Object.defineProperty(owner, name, { value: undefined, writable: false, configurable: false });
  }
}

export function closed(name: string): never {
  throw denied(`access to ${name}`);
}
