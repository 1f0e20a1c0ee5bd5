import { Alert, NativeSelect, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useLocation, useSearchParams } from 'wouter';
import type { VisitReport } from '../../api/visits.ts';
import { now } from '../base/clock.ts';
import { dayName, longSpan, share, whole, zoneHere } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { useSignedIn } from '../base/signed-in.ts';
import { useTitle } from '../base/title.ts';
import { Figure } from '../ui/figure.tsx';
import { Section } from '../ui/section.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { VisitTable } from './table.tsx';
import { useVisitsTexts } from './texts.ts';

const SPANS = [7, 14, 31];
const DAY_MS = 86_400_000;
/** Adding up costs a read for each visit: what was added up so recently is shown again. */
const FRESH_MS = 5 * 60_000;

/** Visits and engaged time by day and by page. */
export default function VisitsPage() {
  const texts = useVisitsTexts();
  useTitle(texts.title);
  const { api } = useSignedIn();
  const [params] = useSearchParams();
  const [, go] = useLocation();
  const days = SPANS.find((span) => String(span) === params.get('days')) ?? SPANS[0] ?? 7;
  const zone = zoneHere();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ['visits', days, zone],
    queryFn: ({ signal }) => {
      const query = new URLSearchParams({ from: firstDay(days, zone), time_zone: zone });
      return api.get<VisitReport>(`/v1/admin/visits/stats?${query}`, signal);
    },
    staleTime: FRESH_MS,
  });
  return (
    <Stack gap="lg">
      <div>
        <Title order={1}>{texts.title}</Title>
        <Text c="dimmed">{texts.intro(zone)}</Text>
      </div>
      <NativeSelect
        label={texts.span}
        maw={260}
        value={String(days)}
        onChange={({ currentTarget }) => go(`/visits?days=${currentTarget.value}`, { replace: true })}
        data={SPANS.map((span) => ({ value: String(span), label: texts.days(span) }))}
      />
      {isPending && <Loading />}
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && (data.total_visits === 0 ? <Empty>{texts.none}</Empty> : <Stats stats={data} />)}
    </Stack>
  );
}

/** The day on which a span that ends today begins, as the API names days (the Swedes write dates so). */
function firstDay(days: number, timeZone: string): string {
  const today = new Intl.DateTimeFormat('sv', { timeZone }).format(now());
  return new Date(Date.parse(today) - (days - 1) * DAY_MS).toISOString().slice(0, 10);
}

function Stats({ stats }: { stats: VisitReport }) {
  const { language } = useLanguage();
  const texts = useVisitsTexts();
  const { totals, days, pages, more_pages } = stats;
  return (
    <>
      {!stats.complete && (
        <Alert color="orange">
          {texts.part(whole(stats.counted, language), whole(stats.total_visits, language))}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        <Figure name={texts.visits} value={whole(totals.visits, language)} />
        <Figure name={texts.engaged} value={longSpan(totals.engaged_seconds, language)} />
        <Figure name={texts.inferred} value={share(totals.inferred, totals.visits - totals.open, language)} />
        <Figure name={texts.open} value={whole(totals.open, language)} />
      </SimpleGrid>
      <Text size="sm" c="dimmed">
        {texts.inferredHelp}
      </Text>
      <Section id="by-day" title={texts.byDay}>
        <VisitTable
          label={texts.byDay}
          head={texts.day}
          rows={days.map((day) => ({ ...day, key: day.day, name: dayName(day.day, language) }))}
        />
      </Section>
      <Section id="by-page" title={texts.byPage}>
        <VisitTable
          label={texts.byPage}
          head={texts.page}
          rows={pages.map((page) => ({ ...page, key: page.path, name: page.path || '–' }))}
        />
        {more_pages > 0 && <Text c="dimmed">{texts.more(more_pages)}</Text>}
      </Section>
    </>
  );
}
