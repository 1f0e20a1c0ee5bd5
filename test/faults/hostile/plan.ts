import { withoutDovecot } from '../../support/inbox/inbox.ts';
import type { FaultPlan } from '../harness/plan.ts';
import { hostileMails } from './mails.ts';
import { hostileRequests } from './requests.ts';

/** What strangers may send: mails and requests. */
export const hostileInput: FaultPlan = {
  name: 'hostile-input',
  functions: ['sync-inbox', 'visits', 'presence', 'console'],
  absent: withoutDovecot(),
  cases: [hostileMails, hostileRequests],
};
