/** Slack's own limits, in characters after escaping. */
export const limits = {
  headerText: 150,
  sectionText: 3000,
  contextText: 2000,
  messageText: 4000,
  buttonValue: 2000,
  url: 3000,
} as const;

/** Characters that hide or reorder what a reader sees: controls, bidirectional overrides, zero-width and tag characters. */
const deceptive = /[\p{Cc}\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

/** Text from outside as one line: what could pass for a line of ours is gone. */
function singleLine(text: string): string {
  return text.replace(/\s+/g, ' ').replace(deceptive, '').trim();
}

/** Text from outside with its line ends, and nothing else that a reader cannot see. */
export function multiLine(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.replace(/\t/g, ' ').replace(deceptive, '').trimEnd())
    .join('\n')
    .trim();
}

/** The three characters that mean something to Slack's parser: with them gone there is no link, mention or `<!channel>`. */
export function escapeMrkdwn(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

export function unescapeMrkdwn(escaped: string): string {
  return escaped.replace(/&(amp|lt|gt);/g, (_, name: string) => entities[name] ?? '');
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>' };

/** Cuts escaped text to `max` characters; never inside an entity or a surrogate pair. */
export function truncateEscaped(escaped: string, max: number): string {
  if (escaped.length <= max) return escaped;
  const units = escaped.match(/&(?:amp|lt|gt);|[\s\S]/gu) ?? [];
  let kept = '';
  for (const unit of units) {
    if (kept.length + unit.length > max - 1) break;
    kept += unit;
  }
  return max < 1 ? '' : `${kept}…`;
}

/** Outside text on one line, safe inside mrkdwn, at most `max` characters. */
export function inline(text: string, max: number): string {
  return truncateEscaped(escapeMrkdwn(singleLine(text)), max);
}

/** Outside text as a quotation: every line of it is marked, so that it cannot look like the message around it. */
export function quoted(text: string, max: number): string {
  const lines = escapeMrkdwn(multiLine(text)).split('\n');
  return truncateEscaped(lines.map((line) => `>${line}`).join('\n'), max);
}

/** Outside text for a `plain_text` object, which Slack does not parse. */
export function plain(text: string, max: number): string {
  const line = singleLine(text);
  if (line.length <= max) return line;
  let kept = '';
  for (const character of line) {
    if (kept.length + character.length > max - 1) break;
    kept += character;
  }
  return max < 1 ? '' : `${kept}…`;
}

/** An http(s) address that Slack's link syntax can hold; undefined for anything else. */
export function linkTarget(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  const href = url.href.replace(/[|<>]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return href.length > limits.url ? undefined : href;
}

/** `<url|label>`, or the label alone when the address is none. */
export function link(url: string, label: string, max: number): string {
  const target = linkTarget(url);
  const shown = inline(label.replace(/\|/g, '¦'), 200);
  if (target === undefined) return inline(label, max);
  const linked = `<${escapeMrkdwn(target)}|${shown}>`;
  return linked.length > max ? shown : linked;
}

/** A moment in the reader's own time zone; the ISO text where Slack cannot show it. */
export function moment(iso: string): string {
  const milliseconds = Date.parse(iso);
  if (Number.isNaN(milliseconds)) return inline(iso, 40);
  return `<!date^${Math.floor(milliseconds / 1000)}^{date_short_pretty} {time}|${new Date(milliseconds).toISOString()}>`;
}
