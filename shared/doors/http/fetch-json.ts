/** Documents of issuers have a few kilobytes. */
const MAX_BYTES = 256 * 1024;

/**
 * Fetches like `fetch`, and reads the answer to its end. Throws if it is longer than 256 KiB; the connection is then closed.
 */
export async function fetchBounded(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    // Leaving the loop cancels the rest.
    if (size > MAX_BYTES) throw new Error(`${url} answered with more than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  const { status, statusText, headers } = response;
  return new Response(chunks.length > 0 ? new Blob(chunks) : null, { status, statusText, headers });
}

/** Fetches a JSON document of another server. Throws if it takes too long, redirects, is not 200, or is too long. */
export async function fetchJson(url: string, timeoutMs: number): Promise<unknown> {
  const response = await fetchBounded(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return await response.json();
}
