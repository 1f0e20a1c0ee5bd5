import type { Firestore } from '@google-cloud/firestore';

type Request = (method: string, ...rest: unknown[]) => Promise<object>;

/** A client whose first commit arrives and loses its answer: gRPC repeats it, or it fails with this code. */
export function losingAnswers(bare: Firestore, code: number | 'repeated'): Firestore {
  const inner = bare as unknown as { request: Request };
  let lost = false;
  const request: Request = async (method, ...rest) => {
    const answer = await inner.request(method, ...rest);
    if (method !== 'commit' || lost) return answer;
    lost = true;
    if (code === 'repeated') return inner.request(method, ...rest);
    throw Object.assign(new Error('the answer is lost'), { code });
  };
  return Object.assign(Object.create(bare) as Firestore, { request });
}
