/** A refusal or failure of the admin API. The status is 0 if no answer came. */
export class ApiError extends Error {
  readonly status: number;
  readonly details: unknown;
  constructor(status: number, message: string, details: unknown = undefined) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

export interface Api {
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
  send<T>(method: 'POST' | 'PUT' | 'PATCH', path: string, body: object, version?: string | null): Promise<T>;
  /** A file, for the person to keep. */
  download(path: string): Promise<Blob>;
}

/** Opens the admin API with a token. Calls `refused` once the server no longer accepts the token. */
export function openApi(token: string, refused: () => void): Api {
  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = { Authorization: `Bearer ${token}`, Accept: 'application/json', ...init.headers };
    const response = await fetch(path, { ...init, headers }).catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new ApiError(0, String(error));
    });
    if (response.status === 401) refused();
    return response;
  };
  const call = async <T>(path: string, init: RequestInit): Promise<T> => {
    const response = await ask(path, init);
    const body = (await response.json().catch(() => null)) as { error?: unknown; run_id?: string } | null;
    // A failed run answers too: its body says how far it came.
    if (body && (response.ok || body.run_id !== undefined)) return body as T;
    const { message, details } = (body?.error ?? {}) as { message?: string; details?: unknown };
    throw new ApiError(response.status, message ?? `HTTP ${response.status}`, details);
  };
  const download = async (path: string): Promise<Blob> => {
    const response = await ask(path, {});
    if (response.ok) return await response.blob();
    const { error } = (await response.json().catch(() => ({}))) as { error?: { message?: string } };
    throw new ApiError(response.status, error?.message ?? `HTTP ${response.status}`);
  };
  return {
    get: (path, signal) => call(path, signal ? { signal } : {}),
    send: (method, path, body, version) =>
      call(path, {
        method,
        headers: {
          'Content-Type': 'application/json',
          ...(version ? { 'If-Match': `"${version}"` } : {}),
        },
        body: JSON.stringify(body),
      }),
    download,
  };
}

/** A part that is not built in here is no fault of the rest. */
export function absent(error: unknown): null {
  if (error instanceof ApiError && error.status === 404) return null;
  throw error;
}
