const texts = new WeakMap<Response, string>();

/** A response whose text is remembered: Node's server need not read it back from a stream, which costs more than to verify a delivery. */
export function textResponse(text: string, init: ResponseInit): Response {
  const response = new Response(text, init);
  texts.set(response, text);
  return response;
}

/** Undefined for a response that was made otherwise. */
export function knownText(response: Response): string | undefined {
  return texts.get(response);
}
