/** The verb of an action's key: `delete-user` → `delete`. */
export function verbOf(key: string): string {
  return key.split('-', 1)[0] ?? key;
}

/** Each run makes a new thing. */
export const CREATING = new Set([
  'add',
  'append',
  'create',
  'insert',
  'post',
  'send',
  'submit',
  'upload',
  'register',
  'comment',
]);

/** What is gone can not be looked at again. */
export const DESTROYING = new Set(['delete', 'destroy', 'drop', 'erase', 'purge', 'terminate', 'wipe']);

/** Money, or what somebody may do, changes hands. */
export const COMMITTING = new Set(['charge', 'grant', 'pay', 'refund', 'transfer', 'impersonate']);

/** What others rely on changes under them. */
export const DISRUPTING = new Set(['block', 'deactivate', 'disable', 'merge', 'remove', 'reset', 'revoke', 'suspend']);

/** Verbs that change something, whatever their effect is said to be. */
export const WRITING = new Set([...CREATING, ...DESTROYING, ...COMMITTING, ...DISRUPTING, 'set', 'update', 'write']);
