export async function POST(request: Request): Promise<Response> {
  const { name } = (await request.json()) as { name: string };
  return Response.json({ hello: name });
}
