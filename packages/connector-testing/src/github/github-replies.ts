import type { VendorReplies } from '../front/loopback-front.ts';

export function githubError(status: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json(
    { message, documentation_url: 'https://docs.github.com/rest', status: String(status) },
    { status, headers },
  );
}

export const githubReplies: VendorReplies = {
  accepted: () => new Response(null, { status: 202 }),
  rateLimited: (retryAfterSeconds) =>
    githubError(429, 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.', {
      'Retry-After': String(retryAfterSeconds),
    }),
  serverError: (status) => githubError(status, 'Server Error'),
};
