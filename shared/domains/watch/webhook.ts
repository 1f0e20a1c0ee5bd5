import type { Event } from './concern.ts';
import type { Incident } from './incident.ts';

/** A webhook that takes longer keeps the operators' mails waiting. */
const TIMEOUT_MS = 5_000;

/** What a webhook is told; `text` is what chat programs show. */
export function webhookBody(incident: Incident, event: Event, text: string, now: Date): object {
  const { id, kind, task, facts, openedAt } = incident;
  return {
    text,
    event,
    incident: { id, kind, task, facts, opened_at: openedAt.toISOString() },
    at: now.toISOString(),
  };
}

/**
 * Posts JSON to a webhook. Answers what came of it in a few words, which never name the address: it may hold a
 * credential. Redirects are not followed.
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
