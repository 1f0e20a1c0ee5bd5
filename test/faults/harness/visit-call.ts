/** Sends one report of a visit like a browser. Returns null if the process died before it answered. */
export async function sendVisit(
  url: string,
  path: string,
  token: string,
  body: Record<string, unknown>,
): Promise<number | null> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  try {
    const response = await fetch(`${url}/api/v1/visits${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null;
  }
}
