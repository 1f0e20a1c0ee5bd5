import type { HomeView, Named } from '../../../api/home/views.ts';
import { alertsAddress, followupAddress, mailboxesAddress } from '../../base/addresses.ts';
import { instant } from '../../base/format.ts';
import { incidentMatter } from './incident-matter.ts';
import type { Matter, MatterWords } from './matter.ts';

/** Returns all open matters, the worst first. */
export function mattersOf(home: HomeView, words: MatterWords): Matter[] {
  const { incidents, mailboxes_refused, followups_to_fix, mail, set_up } = home;
  const { texts } = words;
  const plain = { color: 'orange', facts: [], links: [], incident: null } as const;
  const others = incidents.filter(({ kind }) => kind !== 'unknown_mail');
  return [
    ...others.map((incident) => incidentMatter(incident, words)),
    ...uncertainMatters(home, words),
    ...mailboxes_refused.items.map((mailbox) => ({
      ...plain,
      id: `mailbox ${mailbox.id}`,
      color: 'red' as const,
      title: texts.mailbox.title(mailbox.name),
      href: mailboxesAddress(mailbox.id),
      remedy: texts.mailbox.remedy,
    })),
    ...(mail === 'ready' ? [] : [{ ...plain, id: 'mail', href: '/settings', ...texts.mail[mail] }]),
    ...(followups_to_fix === 0
      ? []
      : [
          {
            ...plain,
            id: 'to-fix',
            title: texts.toFix.title(followups_to_fix),
            href: '/followups?view=to_fix',
            remedy: texts.toFix.remedy,
          },
        ]),
    ...(set_up.notified
      ? []
      : [{ ...plain, id: 'notified', href: '/settings#operators', ...texts.notified }]),
    ...(set_up.recipients || !set_up.tickets
      ? []
      : [{ ...plain, id: 'recipients', href: '/alerts', ...texts.recipients }]),
  ];
}

/** The uncertain mails as they are now. If watch-runs has opened an incident about them, a person may attend to it. */
function uncertainMatters(
  { incidents, uncertain_reminders, uncertain_alerts }: HomeView,
  words: MatterWords,
) {
  const { texts, language } = words;
  const matter = (
    task: string,
    { count, items }: HomeView['uncertain_alerts'],
    kind: 'reminders' | 'alerts',
    addressOf: (one: Named) => string,
  ): Matter[] => {
    const [first] = items;
    if (!first) return [];
    return [
      {
        id: `uncertain ${kind}`,
        color: 'red',
        title: texts[kind].title(count),
        href: addressOf(first),
        facts: first.at ? [texts.since(instant(first.at, language))] : [],
        links: [
          ...items.map((one) => ({
            href: addressOf(one),
            label: [one.name, one.who].filter(Boolean).join(' · '),
          })),
        ],
        remedy: texts[kind].remedy,
        incident: incidents.find((one) => one.kind === 'unknown_mail' && one.task === task) ?? null,
      },
    ];
  };
  return [
    ...matter('process-followups', uncertain_reminders, 'reminders', ({ id }) => followupAddress(id)),
    ...matter('check-delay-alerts', uncertain_alerts, 'alerts', ({ id }) => alertsAddress(id)),
  ];
}
