import { withoutDovecot } from '../../support/inbox/inbox.ts';
import type { FaultPlan } from '../harness/plan.ts';
import { hostileMails } from './mails.ts';
import { hostileRequests } from './requests.ts';

/** Random mails and requests, as strangers may send them. */
export const hostileInput: FaultPlan = {
  name: 'hostile-input',
  functions: ['sync-inbox', 'visits', 'presence', 'console'],
  absent: withoutDovecot(),
  cases: [hostileMails, hostileRequests],
};
