import { registerHooks } from 'node:module';

// A test runner that is configured with the condition `import` passes it to Node as well, and then CommonJS parts of `pg` are
// given the ES modules of others. Imported first, this takes the condition out of what `require` resolves by.
registerHooks({
  resolve(specifier, context, next) {
    const { conditions } = context;
    if (!conditions?.includes('require')) return next(specifier, context);
    return next(specifier, { ...context, conditions: conditions.filter((condition) => condition !== 'import') });
  },
});
