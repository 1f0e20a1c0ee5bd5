import type { IncidentEvent } from './concern.ts';
import type { Incident } from './incident.ts';

/** A slower webhook would delay the operators' mails. */
const TIMEOUT_MS = 5_000;

/** Returns the body for a webhook. Chat programs show `text`. */
export function webhookBody(incident: Incident, event: IncidentEvent, text: string, now: Date): object {
  const { id, kind, task, facts, openedAt } = incident;
  return {
    text,
    event,
    incident: { id, kind, task, facts, opened_at: openedAt.toISOString() },
    at: now.toISOString(),
  };
}

/**
 * Posts JSON to a webhook; follows no redirect. Returns a short result without the address, which may hold a credential.
 */
export async function postWebhook(url: string, body: object): Promise<{ ok: boolean; response: string }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    return { ok: response.ok, response: `HTTP ${response.status}` };
  } catch (error) {
    return { ok: false, response: error instanceof Error ? error.name : 'no answer' };
  }
}
