/** Amazon SES replaces every Message-ID; its 250 answer has the left side only (docs.aws.amazon.com/ses, "message-id"). */
const SES = /^<([0-9a-f]{8,24}-[0-9a-f-]{20,60}-\d{6})@(?:[\w-]+\.)?amazonses\.com>$/i;
const SES_ANSWER = /^250 (?:2\.\d\.\d )?ok:? ([0-9a-f]{8,24}-[0-9a-f-]{20,60}-\d{6})\s*$/i;
const IN_ANSWER = /<([^<>\s@]{1,250}@[^<>\s@]{1,250})>/;

const OUTLOOK = /@[\w.-]{1,200}\.(?:outlook\.com|exchangelabs\.com)>$/i;

/** Returns true for a Message-ID that Amazon SES made. */
export const isSesId = (messageId: string): boolean => SES.test(messageId);

/** Returns true for a Message-ID of a provider that replaces those of mails. */
export const isProviderId = (messageId: string): boolean => isSesId(messageId) || OUTLOOK.test(messageId);

/** Returns a Message-ID as it is compared: that of SES without the region, since its 250 answer names none. */
export function comparableId(messageId: string): string {
  const left = SES.exec(messageId)?.[1];
  return left === undefined ? messageId : `<${left.toLowerCase()}@amazonses.com>`;
}

/**
 * Returns the Message-ID that a server's 250 answer gives a mail, if it is another than the mail's own; else null. Outlook
 * names it as `<left@right>`, SES without its right side.
 */
export function providerIdIn(answer: string | null, own: string): string | null {
  if (answer === null || !answer.startsWith('250')) return null;
  const left = SES_ANSWER.exec(answer)?.[1];
  if (left !== undefined) return `<${left.toLowerCase()}@amazonses.com>`;
  const named = IN_ANSWER.exec(answer)?.[0];
  return named === undefined || named === own ? null : named;
}
