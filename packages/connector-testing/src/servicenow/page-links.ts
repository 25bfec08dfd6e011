/**
 * The `Link` header of a list that has more rows than one page. `prev` is the offset minus the limit even on the first
 * page, where it goes below zero: the vendor's instances answer so, and a client that follows it blindly fails.
 */
export function formatPageLinks(url: URL, page: { limit: number; offset: number; total: number }): string | undefined {
  const { limit, offset, total } = page;
  if (total <= limit || limit < 1) return undefined;
  const link = (rel: string, target: number) => {
    const linked = new URL(url);
    linked.searchParams.set('sysparm_limit', String(limit));
    linked.searchParams.delete('sysparm_offset');
    linked.searchParams.append('sysparm_offset', String(target));
    return `<${linked.href}>;rel="${rel}"`;
  };
  const links = [link('first', 0), link('prev', offset - limit)];
  if (offset + limit < total) links.push(link('next', offset + limit));
  links.push(link('last', Math.floor((total - 1) / limit) * limit));
  return links.join(',');
}
