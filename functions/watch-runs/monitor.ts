import type { Log } from '../../shared/doors/log.ts';

/** Waits at most this long for the monitor, because the run is already done. */
const TIMEOUT_MS = 5_000;

/**
 * Calls HEALTHCHECK_URL, so that an outside monitor notices when watch-runs stops. It follows no redirect. Logs a failure without the address,
 * which is the monitor's credential.
 */
export async function callMonitor(url: string | undefined, log: Log): Promise<void> {
  if (!url) return;
  const fault = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
    async (response) => {
      await response.body?.cancel();
      return response.ok ? null : `HTTP ${response.status}`;
    },
    (error: unknown) => (error instanceof Error ? error.name : 'no answer'),
  );
  if (fault !== null)
    log.warn({ alert: 'healthcheck', fault }, 'HEALTHCHECK_URL did not answer as it should; check it');
}
