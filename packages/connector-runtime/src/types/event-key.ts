const MAX_CHARACTERS = 512;

/** Whether the database keeps this key as it is: 1 to 512 characters, no U+0000, no half of a surrogate pair. */
export function isUsableEventKey(key: string): boolean {
  return key.length > 0 && key.length <= MAX_CHARACTERS && isKept(key);
}

/** Text that comes out of the database as it went in. */
export function isKept(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
