/** One request from gcloud; `body` is parsed JSON, or the bytes of another type. */
export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are checked field by field
  body: any;
}

export type Resource = Record<string, unknown>;
export type GoogleAnswer = [status: number, body: unknown];
