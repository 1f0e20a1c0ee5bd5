import { postGuarded } from '../../doors/account/guarded-request.ts';
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
 * Posts JSON to a webhook, which must be at a public address; follows no redirect. Returns a short result without the address,
 * which may hold a credential. `local`: the local cloud, where loopback is allowed.
 */
export async function postWebhook(
  url: string,
  body: object,
  local: boolean,
): Promise<{ ok: boolean; response: string }> {
  try {
    const { status } = await postGuarded(new URL(url), {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      ...{ local, timeoutMs: TIMEOUT_MS, maxBytes: 0 },
    });
    return { ok: status >= 200 && status < 300, response: `HTTP ${status}` };
  } catch (error) {
    return { ok: false, response: error instanceof Error ? error.name : 'no answer' };
  }
}
