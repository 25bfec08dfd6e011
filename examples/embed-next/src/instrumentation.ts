/** Next calls this once, when the server starts and before it takes requests. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME === 'nodejs') await import('./start-runtime.ts');
}
