import { ABSENCE_SUBJECT } from '../../../shared/domains/inbox/message/writer/absence-subject.ts';
import { ABSENCE_TEXT } from '../../../shared/domains/inbox/message/writer/absence-text.ts';
import {
  LEFT_TEXT,
  PROMISE_TEXT,
  RECEIVED_TEXT,
} from '../../../shared/domains/inbox/message/writer/machine-text.ts';
import {
  CHALLENGE_SUBJECT,
  RECEIVED_SUBJECT,
  UNREAD_ADDRESS,
} from '../../../shared/domains/inbox/message/writer/words.ts';
import { findExpressions } from './find.ts';

/** Stands for the file of an expression that is made when its module loads. */
const MADE = 'made once';

/** An expression that is not linear, and the bound that makes it harmless. */
export interface BoundedExpression {
  file: string;
  /** The literal's beginning; one literal of the file begins so. */
  begins: string;
  /** The most characters that it ever sees, and where the code says so. */
  most: number;
  bound: string;
  /** The slow text that recheck found, of about this many characters. */
  attack(size: number): string;
}

const fill = (before: string, unit: string, after: string) => (size: number) =>
  before + unit.repeat(Math.ceil(size / unit.length)) + after;
const row = (begins: string, attack: BoundedExpression['attack']): BoundedExpression => ({
  ...{ file: 'shared/doors/mail/faults/rows.ts', begins, most: 500, attack },
  bound: 'faultOf cuts at MAX_TEXT',
});
const report = (begins: string, attack: BoundedExpression['attack']): BoundedExpression => ({
  ...{ file: 'shared/domains/inbox/message/delivery.ts', begins, most: 20_000, attack },
  bound: 'readPlainReport cuts at LOOKED_AT',
});

const note = (begins: string, attack: BoundedExpression['attack']): BoundedExpression => ({
  ...{ file: MADE, begins, most: 500, attack },
  bound: 'isNote cuts at LOOKED_AT',
});

/** Every expression that recheck does not call linear. A test measures its slow text at its bound. */
export const exceptions: readonly BoundedExpression[] = [
  {
    file: 'shared/doors/mail/faults/fault.ts',
    begins: '/<[^<>]*>|',
    most: 500,
    bound: 'faultOf cuts at MAX_TEXT',
    attack: fill('', '\0', ''),
  },
  row('/too many (concurrent', fill('', 'EXCEEDED', '')),
  row('/spam|junk', fill('BLOCKED BY ', 'FOR ', '')),
  row('/smtpclientauth', fill('', 'SMTPCLIENTAUTH', '')),
  row('/sender (address )?', fill('SENDER', 'SENDER IN', '')),
  row('/relay(ing)?', fill('', 'REFUS', '')),
  row('/(daily|hourly', fill('', 'YLIMIT', '')),
  row('/(trying to', fill('G', "RECIPIENT'Y", '')),
  row('/(mailbox|inbox', fill('QUOTA', 'EXCEED', 'N')),
  row('/no such (user', fill('', 'USER', '')),
  {
    ...report('/[^\\s<>()[\\]', fill('', '0@', '')),
    most: 64 * 1024,
    bound: 'parseDeliveryStatus cuts at MAX_REPORT',
  },
  report('/^.*(?:(?<!\\d)[45]', fill('', '04', '')),
  report('/^[ \\t]*(?:-{2,}', fill('', '-', 'RE')),
  report('/^(?:to:? |', fill('', 'a@', '')),
  {
    file: 'infra/google/gcloud.ts',
    begins: '/service ?accounts?',
    most: 2_000,
    bound: 'what gcloud prints of one failure, on the machine that deploys',
    attack: fill('', 'SERVICEACCOUNT', ''),
  },
  {
    file: 'infra/google/gcloud.ts',
    begins: '/build service account',
    most: 2_000,
    bound: 'what gcloud prints of one failure, on the machine that deploys',
    attack: fill('', 'BUILD SERVICE ACCOUNT', ''),
  },
  note('/je (?:suis|serai)', fill('', 'JE SUIS ', '')),
  note('/je ne (?:travaille', fill('', 'eadresp', '!')),
  note('/(?:repondr', fill('r', 'kontaktes', '!')),
  {
    file: 'shared/domains/inbox/message/writer/writer.ts',
    begins: '/[^\\s<>,;:"()]{1,64}@',
    most: 2_000,
    bound: 'addressIn cuts',
    attack: fill('', '@', '\t'),
  },
];

const MADE_ONCE = [
  ...[ABSENCE_SUBJECT, ABSENCE_TEXT, CHALLENGE_SUBJECT, RECEIVED_SUBJECT, UNREAD_ADDRESS],
  ...[LEFT_TEXT, PROMISE_TEXT, RECEIVED_TEXT],
];
const { literals, made } = findExpressions();

/** The places that make expressions at run time. */
export const madeIn: ReadonlySet<string> = new Set(made.map((place) => place.split(':', 1)[0] as string));

/** Every literal with its files, and the expressions that are made when a module loads. */
export const expressions: ReadonlyMap<string, readonly string[]> = new Map([
  ...literals,
  ...MADE_ONCE.map((one) => [String(one), [MADE]] as const),
]);

/** The expressions that must be linear. */
export const wanted: readonly string[] = [...expressions]
  .filter(
    ([literal, files]) =>
      !exceptions.some((one) => files.includes(one.file) && literal.startsWith(one.begins)),
  )
  .map(([literal]) => literal);

/** The places that make expressions, each with the reason why it is linear. */
export const makers: Readonly<Record<string, string>> = {
  'functions/console/api/idempotency.ts': 'one class up to a bound, between two anchors',
  'functions/console/page/billing/template-form.ts': 'a word from a closed list, then one character',
  'infra/local/tasks/api.ts': 'names between slashes, which no class contains; of the local cloud only',
  'infra/scheduler/schema.ts': 'one class up to a bound, between two anchors',
  'shared/browser/bundle.ts': 'words, when the client is built',
  'shared/domains/followups/mail/templates.ts': 'a word from a closed list, then one character',
  'shared/domains/inbox/message/writer/absence-subject.ts': 'proven, as MADE_ONCE',
  'shared/domains/inbox/message/writer/absence-text.ts': 'proven, as MADE_ONCE',
  'shared/domains/inbox/message/writer/machine-text.ts': 'proven, as MADE_ONCE',
  'shared/domains/inbox/message/writer/words.ts': 'proven, as MADE_ONCE',
  'shared/doors/erase/erase.ts': 'words without a repetition; test/linear measures it',
};
