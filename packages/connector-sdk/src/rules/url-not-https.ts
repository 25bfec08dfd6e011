import { listTemplates } from '../validation/config-templates.ts';
import { defineMeaningRule } from '../validation/rule.ts';

export const urlNotHttps = defineMeaningRule({
  id: 'url-not-https',
  severity: 'error',
  title: 'Every URL is an https URL',
  why: 'Over http anyone on the way reads the credential and can change the answer; the runtime refuses to send it.',
  fix: 'Write `https://`, or `{config.x}` where each customer has a URL of their own.',
  example: {
    at: '/connection/baseUrl',
    bad: 'http://desk.example',
    good: 'https://desk.example',
    found: '/connection/baseUrl',
  },
  *check(manifest) {
    for (const [path, url] of listTemplates(manifest)) {
      if (/^http:/i.test(url)) yield { path, message: `"${url}" is not encrypted` };
    }
  },
});
