import { listReceptions } from '../validation/manifest-places.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const webhookContentTypeOdd = defineMeaningRule({
  id: 'webhook-content-type-odd',
  severity: 'warning',
  title: 'A delivery is JSON, a form, XML or plain text',
  why: '`parse` is given those; uploads and unknown bytes go to parsers of the connector’s own, before anything was checked.',
  fix: 'List what the vendor documents, usually `application/json` alone.',
  example: {
    at: '/triggers/ticket-changed/webhook/contentTypes',
    bad: ['application/json', 'multipart/form-data'],
    good: ['application/json'],
    found: '/triggers/ticket-changed/webhook/contentTypes/1',
  },
  *check(manifest) {
    for (const [path, { contentTypes }] of listReceptions(manifest)) {
      for (const [index, type] of contentTypes.entries()) {
        if (PARSED.test(type)) continue;
        yield { path: [...path, 'contentTypes', index], message: `"${type}" is nothing that parse is given help with` };
      }
    }
  },
});

const PARSED = /^(?:application\/(?:.{1,80}\+)?(?:json|xml)|application\/x-www-form-urlencoded|text\/(?:plain|xml))$/;
