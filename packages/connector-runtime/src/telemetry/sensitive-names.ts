/** What a name ends with whose value never belongs in a log, whatever it holds; case and separators don't count. */
const SENSITIVE =
  /(?:authorization|cookies?|passw(?:or)?d|passphrase|passwords|secrets?|tokens?|apikey|privatekey|masterkey|signingkey|encryptionkey|accesskey|credentials?|clientassertion|assertion|codeverifier|sessionid)$/;
/** Names that end so and say something about one, without holding it. */
const HARMLESS =
  /^(?:(?:max|min|total|input|output|prompt|completion|count|number|no|used|page|next)tokens?|has[a-z]+|is[a-z]+)$/;
const MAX_NAME = 100;

export function isSensitiveName(name: string): boolean {
  if (name.length > MAX_NAME) return false;
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return SENSITIVE.test(plain) && !HARMLESS.test(plain);
}
