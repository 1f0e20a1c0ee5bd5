import { Alert, SimpleGrid, Text } from '@mantine/core';
import { DEFAULT_STALE_MINUTES } from '../../../../shared/domains/presence/limits.ts';
import type { StoreHealth } from '../../../../shared/domains/presence/report.ts';
import type { PresenceView } from '../../api/presence/presence.ts';
import { whole } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { Figure } from '../ui/figure.tsx';
import { usePresenceTexts } from './texts.ts';

/** At most this many ghosts are named here; the dialog that cleans them names more. */
const NAMED = 20;

/** The state of presence: both stores, users flagged online compared with users alive, and ghosts. */
export function Report({ report }: { report: PresenceView }) {
  const { language } = useLanguage();
  const texts = usePresenceTexts();
  const count = (value: number | null | undefined) =>
    typeof value === 'number' ? whole(value, language) : '–';
  const { flagged_without_life: ghosts, alive_without_flag: unflagged } = report.ghosts;
  return (
    <>
      {report.degraded && <Alert color="orange">{texts.degraded}</Alert>}
      <SimpleGrid cols={{ base: 2, sm: 3 }}>
        <Figure name={texts.figures.users} value={count(report.users)} />
        <Figure name={texts.figures.flagged} value={count(report.flagged_online)} />
        <Figure name={texts.figures.live} value={count(report.live_keys)} />
        <Figure name={texts.figures.ghosts} value={count(ghosts?.count)} fault={(ghosts?.count ?? 0) > 0} />
        <Figure name={texts.figures.unflagged} value={count(unflagged?.count)} />
        <Figure
          name={texts.figures.stale(report.stale?.minutes ?? DEFAULT_STALE_MINUTES)}
          value={count(report.stale?.count)}
        />
      </SimpleGrid>
      <Text size="sm" c="dimmed">
        {(['firestore', 'redis'] as const).map((name) => (
          <Health key={name} name={texts.stores[name]} health={report.stores[name]} />
        ))}
      </Text>
      {ghosts && ghosts.count > 0 && (
        <Alert color="orange" title={texts.ghosts}>
          <Names ids={ghosts.user_ids.slice(0, NAMED)} count={ghosts.count} />
        </Alert>
      )}
    </>
  );
}

function Health({ name, health: { ok, ms } }: { name: string; health: StoreHealth }) {
  const { language, texts: common } = useLanguage();
  const texts = usePresenceTexts();
  return (
    <span className="store-health">
      {name}
      {common.colon}
      {ok ? texts.answers(whole(Math.round(ms), language)) : texts.away}
    </span>
  );
}

/** The first of some people, and how many more there are. */
export function Names({ ids, count }: { ids: readonly string[]; count: number }) {
  const texts = usePresenceTexts();
  return (
    <Text span className="wrapped">
      {ids.join(', ')} {count > ids.length && texts.andMore(count - ids.length)}
    </Text>
  );
}
